"""I/O: a run from its plan to its summary: pin, lease, observe, decide, act, publish."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Sequence

from orchestrator.console.progress import Progress
from orchestrator.execution.local_gang import LocalGang
from orchestrator.execution.local_map import LocalMap
from orchestrator.execution.local_workers import LocalWorkers
from orchestrator.pipelines.base import Pipeline
from orchestrator.runs.actions import Fail
from orchestrator.runs.claim.lease import Lease
from orchestrator.runs.commits.commits import Commits
from orchestrator.runs.commits.summary import Summary, num_problems, summarize
from orchestrator.runs.gang.passes import execute_gangs
from orchestrator.runs.gang.results import gangs_are_whole
from orchestrator.runs.map.drive import drive
from orchestrator.runs.options import RunOptions, log_dir, work_flags
from orchestrator.runs.publish import ABANDONED_AFTER_S, publish, take_inventory
from orchestrator.runs.worker_argv import rank_argv, work_argv
from services.base.errors import EXIT_INTERRUPTED, EXIT_OK
from services.base.process.interruption import interruption
from services.base.process.quantities import counted
from services.base.run.passes import GangPass
from services.base.run.spec import RunSpec, ShardCommit
from services.base.store.interface import Store

# In an object store a look at the lease is a listing.
_CHECK_EVERY_S = 5.0


class RunLoop:
    """One run on this machine. Use once."""

    def __init__(
        self,
        pipeline: Pipeline,
        spec: RunSpec,
        state: Store,
        outputs: Store,
        options: RunOptions,
        is_interrupted: Callable[[], bool] | None = None,
    ) -> None:
        """is_interrupted: of a run in a thread beside others; None: SIGINT and SIGTERM interrupt it."""
        self._pipeline = pipeline
        self._spec = spec
        self._state = state
        self._outputs = outputs
        self._options = options
        self._commits = Commits(spec, state)
        self._given, self._is_interrupted = is_interrupted, is_interrupted or (lambda: False)

    def run(self) -> Summary:
        """Executes the run to its end, or as far as it goes. Raises BadConfig; OUTPUT_IN_USE when another run has the
        output.
        """
        began_s = time.monotonic()
        with Lease(self._outputs.uri, self._spec.run) as lease:
            inventory = take_inventory(self._pipeline, self._commits, self._outputs)
            if inventory.published:
                held = self._commits.read(inventory.done)
                if not gangs_are_whole(self._spec, self._state, self._outputs):
                    return self._after_publishing(held, began_s, lease.check)
                left = "".join(f"; {name} was changed since and is left as it is" for name in inventory.edited)
                return self._summary(held, EXIT_OK, f"finished before{left}", began_s, nothing_to_do=True)
            self._outputs.clean_abandoned(ABANDONED_AFTER_S)
            failed = self._work(inventory.done, lease.check)
            observed = self._commits.look()
            if failed is not None:
                return self._summary(self._commits.read(observed.done), failed.exit_code, failed.why, began_s)
            lease.check()
            done = publish(self._pipeline, self._commits, observed, self._outputs)
            return self._after_publishing(done, began_s, lease.check)

    def _after_publishing(self, done: Sequence[ShardCommit], began_s: float, check: Callable[[], None]) -> Summary:
        """The gang passes, if the run has any."""
        if not self._spec.gangs:
            return self._summary(done, EXIT_OK, "finished", began_s)
        checked_s = time.monotonic()

        def is_interrupted() -> bool:
            nonlocal checked_s
            if time.monotonic() - checked_s > _CHECK_EVERY_S:
                checked_s = time.monotonic()
                check()
            return self._asked_to_end()

        progress = self._progress(0, 0)
        logs, run = log_dir(self._spec, self._state), self._spec.run

        def open_backend(gang: GangPass) -> LocalGang:
            argv = rank_argv(gang, run, self._state.uri)
            return LocalGang(gang, run, self._state, argv, logs, is_interrupted, progress.say)

        with self._interruptible():
            failed = execute_gangs(
                *(self._spec, self._state, self._outputs, open_backend),
                # The run holds the lease already.
                contextlib.nullcontext,
                self._options.policy.max_generations,
                progress.say,
                "process",
            )
        if failed is None:
            return self._summary(done, EXIT_OK, "finished", began_s)
        return self._summary(done, EXIT_INTERRUPTED if self._asked_to_end() else failed.exit_code, failed.why, began_s)

    def _work(self, done: Collection[int], check: Callable[[], None]) -> Fail | None:
        """Until every shard is done (None), or the reason to stop."""
        spec, options = self._spec, self._options
        num_clips_done, quarantined = 0, {}
        for commit in self._commits.read(done):
            num_clips_done += commit.num_clips
            quarantined[commit.shard] = commit.num_quarantined
        progress = self._progress(spec.num_clips, num_clips_done)
        progress.shards = (len(done), spec.num_shards)
        num_left = spec.num_shards - len(done)
        # With nothing left to start, the limit on failures may say that nothing is to be published either.
        workers = LocalWorkers(self._argv(), options.num_workers, log_dir(spec, self._state)) if num_left else None
        backend = LocalMap(
            *(spec.num_shards, workers, progress, self._asked_to_end, check),
            done=done,
            quarantined=quarantined,
            num_problems=num_problems(spec, self._state),
        )
        if workers is None:
            return drive(backend, options.policy)
        with self._interruptible():
            try:
                progress.say(
                    f"{counted(workers.num_slots, 'worker')}, {counted(num_left, 'shard')} to do; loading models"
                )
                failed = drive(backend, options.policy)
                if failed is None:
                    workers.drain()
                return failed
            finally:
                progress.close()
                workers.stop()

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        """SIGINT and SIGTERM are noted, and read between looks."""
        if self._given is not None:
            yield
            return
        with interruption() as self._is_interrupted:
            yield

    def _asked_to_end(self) -> bool:
        return self._is_interrupted()

    def _progress(self, num_clips: int, num_done: int) -> Progress:
        options = self._options
        return Progress(num_clips, num_done, quiet=options.quiet, as_json=options.progress_as_json, of=options.label)

    def _argv(self) -> list[str]:
        stages = [stage.name for stage in self._spec.stages]
        return work_argv(stages, work_flags(self._spec, self._state, self._options))

    def _summary(
        self, done: Sequence[ShardCommit], code: int, why: str, began_s: float, *, nothing_to_do: bool = False
    ) -> Summary:
        wall_s = time.monotonic() - began_s
        return summarize(self._commits, done, code, why, wall_s, nothing_to_do=nothing_to_do)
