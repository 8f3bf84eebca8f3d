"""I/O: an output whose user wants it made anew: its runs are deleted, with their files and nothing else."""

from __future__ import annotations

from orchestrator.runs.claim.claim import CLAIM, claim_of, pinned_spec
from orchestrator.runs.claim.lease import Lease
from orchestrator.runs.commits.observe import observe, read_done
from orchestrator.runs.commits.outputs import files_of_commit
from services.base.run import paths
from services.base.store.interface import Store


def restart(state: Store, outputs: Store, run: str) -> int:
    """Deletes every run that the output holds; how many files of theirs. The claim goes last: one that is killed is
    given again. Artifacts stay, which are named by what they were made of. run: that which asks, for the lease.

    Raises BadConfig: OUTPUT_IN_USE while another process has the output; OTHER_STATE where its runs are not in state.
    """
    with Lease(outputs.uri, run):
        claim = claim_of(outputs)
        if claim is None:
            return 0
        num_deleted = sum(_delete(state, outputs, one) for one in (*claim.earlier, claim.run))
        outputs.delete(CLAIM)
        return num_deleted


def _delete(state: Store, outputs: Store, run: str) -> int:
    num_deleted = 0
    if pinned_spec(state, run) is not None:
        # Nothing may take it for whole from here on.
        state.delete(paths.finished_file(run))
        observed = observe(state, run)
        for done in read_done(state, observed.spec, observed.done):
            for name, _ in files_of_commit(observed.spec, state, done):
                outputs.delete(name)
                num_deleted += 1
    outputs.delete_prefix(paths.staged(run, ""))
    state.delete_prefix(f"{paths.run_dir(run)}/")
    return num_deleted
