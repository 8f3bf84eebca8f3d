"""PURE: data sets by name: how they are called, and what a command line says of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.base.errors import BadConfig

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


def is_dataset_name(name: str) -> bool:
    """Whether a folder of that name could be a data set of an output root."""
    return _NAME.fullmatch(name) is not None


def check_dataset_name(name: str) -> str:
    """The name itself. Raises BadConfig BAD_DATASET_NAME.

    It is a folder of the output root: a name that begins with a dot could be that of the state.
    """
    if not is_dataset_name(name):
        raise BadConfig(
            "BAD_DATASET_NAME",
            f"--dataset {name!r} must be 1 to 100 letters (A to Z), digits, '.', '_' and '-', not beginning with '.': "
            "choose such a name; it becomes a folder of the output root",
        )
    return name


@dataclass(frozen=True)
class NamedInput:
    """A data set of a command line: its name and its input root. Raises BadConfig BAD_DATASET_NAME."""

    name: str
    input_root: str

    def __post_init__(self) -> None:
        check_dataset_name(self.name)


def named_inputs(given: Sequence[str], input_root: str = "") -> tuple[NamedInput, ...]:
    """Of the values of --dataset, NAME=INPUT_ROOT or NAME alone; the latter takes the --input-root.

    Raises BadConfig BAD_DATASET_NAME, DUPLICATE_DATASET, BAD_FLAGS for an input root that is missing or that nothing
    takes.
    """
    found: dict[str, NamedInput] = {}
    uses_input_root = False
    for text in given:
        name, equals, own_root = text.partition("=")
        check_dataset_name(name)
        if not equals:
            uses_input_root, own_root = True, input_root
        if not own_root:
            raise BadConfig(
                "BAD_FLAGS", f"--dataset {text!r} has no input root: give --dataset {name}=INPUT_ROOT, or --input-root"
            )
        # Names become folders, and some file systems tell no case.
        other = found.setdefault(name.casefold(), one := NamedInput(name, own_root))
        if other is not one:
            raise BadConfig(
                "DUPLICATE_DATASET",
                f"--dataset {name!r} is given beside {other.name!r}: give each a name that differs by more than case",
            )
    if given and input_root and not uses_input_root:
        raise BadConfig(
            "BAD_FLAGS",
            f"--input-root {input_root} is used by no --dataset, since each has its own: leave out --input-root, or "
            "name its data set with --dataset NAME",
        )
    return tuple(found.values())
