"""PURE: what a pipeline may say of its roots and of --dataset, where these are not folders of media: files, say; and
of an output that is there already.

A value of --dataset is then the pipeline's own, and each becomes a run with its roots and options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.base.run.spec import RunSpec

Stages = Sequence[tuple[str, Mapping[str, Any]]]

HeldRuns = Callable[[str], Sequence[RunSpec]]
"""(an output root) -> the runs that it holds, the oldest first."""

NameSets = Callable[[Any, str, HeldRuns], "Sequence[GivenDataSet]"]
"""(options, the root of all, what an output holds) -> the data sets that the options name."""


@dataclass(frozen=True)
class Change:
    """How a pipeline calls it that an output holds a run of other data or other settings. reason: of the error.
    remedy: what to do, as a sentence.
    """

    reason: str
    remedy: str


@dataclass(frozen=True)
class OutputFlag:
    """A pipeline's own flag of the output of a single data set: it wins over --output-root, which is also the folder
    of several. default: that output where nothing names it.
    """

    flag: str
    default: str

    def __post_init__(self) -> None:
        if not (self.flag.startswith("--") and self.default):
            raise ValueError(f"an output needs a flag and a default, not {self}")

    @property
    def dest(self) -> str:
        """As parsed flags name it."""
        return _dest(self.flag)


@dataclass(frozen=True)
class GivenDataSet:
    """A data set that a value of --dataset names.

    label: what the value calls it. output_root: as given, of the working directory. options: of the pipeline, as they
    are for this one, with the file that it is read from.
    """

    label: str
    output_root: str
    options: Any

    def __post_init__(self) -> None:
        if not self.output_root:
            raise ValueError(f"a data set needs an output root, not {self}")


@dataclass(frozen=True)
class DatasetFlag:
    """--dataset as a pipeline reads it. metavar, help: of the command line.

    read: (values in order, options, --output-root or nothing) -> the data sets, as many and in that order. Raises
    BadConfig. text: (a data set, with whole paths) -> the value that gives it.
    """

    metavar: str
    help: str
    read: Callable[[Sequence[str], Any, str], Sequence[GivenDataSet]]
    text: Callable[[GivenDataSet], str]


@dataclass(frozen=True)
class NumberFlags:
    """How a pipeline spells the number of its worker processes, its default, and the number of decoders beside each
    process where a user may choose it. num_workers: 0 is one per core.
    """

    workers: str = "--workers"
    num_workers: int = 0
    decoders: str = ""

    @property
    def workers_dest(self) -> str:
        """As parsed flags name it."""
        return _dest(self.workers)

    @property
    def decoders_dest(self) -> str:
        """The same; empty where there is none."""
        return _dest(self.decoders)


@dataclass(frozen=True)
class Adoption:
    """flag: of the option that asks for it. is_asked: (options) -> whether it does.

    stage: that looks at the files of a clip (`looks_at` of its StageSpec); it follows the stage `after`. settings:
    (options) -> its own. clip_of: (name of a file of the output) -> the utterance id of the clip whose product it is
    of, once for each clip; empty for any other file. is_own: (name) -> whether this pipeline writes files of such a
    name. made_by: stages that decide what a clip's files hold: of an earlier run they must have been as they are now,
    but for the settings `stage.setting` in `may_differ`. is_packed: (name) -> whether it holds products of many clips,
    which no stage looks at. unpack: the command that makes files of single clips of them, but for the output root.
    """

    flag: str
    is_asked: Callable[[Any], bool]
    stage: str
    after: str
    settings: Callable[[Any], Mapping[str, Any]]
    clip_of: Callable[[str], str]
    is_own: Callable[[str], bool]
    made_by: frozenset[str] = frozenset()
    may_differ: frozenset[str] = frozenset()
    is_packed: Callable[[str], bool] = lambda name: False  # noqa: ARG005
    unpack: str = ""

    def added(self, options: Any) -> tuple[str, Mapping[str, Any]]:
        """The stage that looks, with its settings."""
        return self.stage, self.settings(options)

    def place(self, stages: Stages) -> int:
        """Where among these it stands."""
        return [name for name, _ in stages].index(self.after) + 1


def _dest(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")
