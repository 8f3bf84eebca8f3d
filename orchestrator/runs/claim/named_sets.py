"""I/O: the named data sets of an output root. Each has its output, state and lease in a folder of its own, and a marker
at the root: a run of the root itself and named data sets exclude each other.
"""

from __future__ import annotations

import json

from services.base.errors import BadConfig
from services.base.run import paths
from services.base.store.interface import Store

_SHOWN = 3


def names_in(root: Store) -> list[str]:
    """The named data sets of a root, in order; none where it is a run's own output, or nobody's."""
    return [entry.name.removeprefix(paths.DATASETS) for entry in root.list(paths.DATASETS)]


def claim_name(root: Store, name: str) -> None:
    """Marks a name as a data set of the root; one that is marked stays so.

    Raises BadConfig ROOT_HOLDS_A_RUN, and DUPLICATE_DATASET for a name that differs by case alone.
    """
    check_name(root, name)
    is_new = root.create(_marker(name), json.dumps({"dataset": name}).encode())
    # A run of the root looks for names after its own claim: of two at once, one sees the other at least.
    try:
        _refuse_run(root, name)
    except BadConfig:
        if is_new:
            root.delete(_marker(name))
        raise


def check_name(root: Store, name: str) -> None:
    """Raises BadConfig as claim_name does; nothing is written."""
    _refuse_run(root, name)
    alike = [other for other in names_in(root) if other != name and other.casefold() == name.casefold()]
    if alike:
        raise BadConfig(
            "DUPLICATE_DATASET",
            f"{root.uri} holds data set {alike[0]!r}, from which {name!r} differs by case alone: give --dataset "
            f"{alike[0]}, or another name",
        )


def refuse_names(root: Store) -> None:
    """Raises BadConfig ROOT_HOLDS_DATASETS for a run whose output would be the root of named data sets."""
    names = names_in(root)
    if names:
        raise BadConfig(
            "ROOT_HOLDS_DATASETS",
            f"{root.uri} holds the data sets {listed(names)}, and a root holds either named data sets or one run: give "
            "--dataset NAME to add this one to them, or choose another --output-root",
        )


def listed(names: list[str]) -> str:
    """A few names in a message."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _refuse_run(root: Store, name: str) -> None:
    if root.stat(paths.CLAIM) is not None:
        raise BadConfig(
            "ROOT_HOLDS_A_RUN",
            f"{root.uri} is the output of a run, and a root holds either named data sets or one run: give --dataset "
            f"{name} another --output-root, or leave out --dataset to go on with the run that is there",
        )


def _marker(name: str) -> str:
    return f"{paths.DATASETS}{name}"
