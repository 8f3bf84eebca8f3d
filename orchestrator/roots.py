"""Where things lie: roots as every process understands them, and the run that an output holds."""

from __future__ import annotations

from pathlib import Path

from orchestrator.runs.claim.claim import claim_of, pinned_spec
from orchestrator.runs.claim.named_sets import listed, names_in
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.spec import RunSpec
from services.base.store.interface import Store
from services.base.store.open import join_uri, open_store
from services.base.store.roots import absolute


def real_root(root: str) -> str:
    """Where a root leads once links are followed."""
    return str(Path(root).resolve()) if root.startswith("/") else root


def state_root(output_root: str, given: str = "") -> str:
    """The state root that was given, by default within the output root."""
    return absolute(given) if given else join_uri(absolute(output_root), paths.STATE_DIR)


def open_named(flag: str, root: str, **how: bool) -> Store:
    """As open_store; what cannot be opened is said by the flag that names it."""
    try:
        return open_store(root, **how)
    except BadConfig as error:
        raise BadConfig(error.reason, f"{flag}: {error.message}", error.detail) from error


def find_run(output_root: str, state_root: str = "", run: str = "") -> tuple[RunSpec, Store, Store]:
    """(spec, state, outputs) of the run that an output root holds. run: its name, if known. Raises BadConfig NO_RUN.

    The output may have been moved since: then it is not where the spec says.
    """
    outputs = open_named("--output-root", absolute(output_root))
    claim = claim_of(outputs)
    if claim is None and (names := names_in(outputs)):
        raise BadConfig("NO_RUN", f"{outputs.uri} holds the data sets {listed(names)}: say which with --dataset NAME")
    if claim is None:
        raise BadConfig("NO_RUN", f"{outputs.uri} holds no run: check --output-root, or begin one with `visemill run`")
    if run and run != claim.run:
        raise BadConfig("NO_RUN", f"{outputs.uri} holds run {claim.run}, not {run}: leave out --run")
    state = open_store(absolute(state_root or claim.state) or join_uri(outputs.uri, paths.STATE_DIR))
    spec = pinned_spec(state, claim.run)
    if spec is None or spec.digest != claim.digest:
        raise BadConfig(
            "NO_RUN",
            f"{outputs.uri} holds run {claim.run}, whose plan is not below {state.uri}: give its `visemill run` "
            "command again, or the --state-root that it had",
        )
    return spec, state, outputs
