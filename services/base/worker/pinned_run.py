"""A pinned run as its workers find it: its spec, and whether what decides bytes here is what it was pinned with."""

from __future__ import annotations

from collections.abc import Mapping

from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.spec import RunSpec, run_spec_from_json
from services.base.store.interface import NotThere, Store


def read_spec(state: Store, run: str) -> RunSpec:
    """Raises BadConfig NO_RUN, and as run_spec_from_json does."""
    try:
        return run_spec_from_json(state.read(paths.run_file(run)))
    except NotThere as error:
        raise BadConfig(
            "NO_RUN", f"no run {run!r} below {state.uri}: check --state-root and --run, or begin it with `visemill run`"
        ) from error


def require_same(what: str, pinned: Mapping[str, str], here: Mapping[str, str], *, subset: bool = False) -> None:
    """Raises BadConfig for a model or a library that is another. subset: the run may have pinned more than is here."""
    names = set(here) if subset else set(here) | set(pinned)
    for name in sorted(names):
        if pinned.get(name) != here.get(name):
            raise BadConfig(
                f"{what.upper()}_CHANGED",
                f"the run was pinned with {what} {name} {pinned.get(name)}, here it is {here.get(name)}: "
                "install what it was pinned with, or begin a new run in a new output root",
            )
