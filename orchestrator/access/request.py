"""PURE: a run as somebody requests it, there and back as JSON, and the command lines that it becomes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from orchestrator.access.datasets import check_dataset_name
from orchestrator.pipelines.base import Options
from orchestrator.pipelines.lookup import pipeline_of
from services.base.digest import digest_of
from services.base.errors import BadConfig
from services.base.stage.config import argv_of, config_from_argv, config_from_mapping
from services.base.stage.fields import given_of

CLUSTERS = ("local", "kube")
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Limits:
    """How a run is executed; zero or empty: as the server has it."""

    num_workers: int = 0
    max_failures: str = ""
    max_attempts: int = 0
    clip_time_s: float = 0.0
    clip_memory_mib: int = 0
    artifact_cache: bool = True
    num_decoders: int = 0

    def __post_init__(self) -> None:
        for name in ("num_workers", "num_decoders", "max_attempts", "clip_time_s", "clip_memory_mib"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be 0 (as the server has it) or more, not {getattr(self, name)}")

    def argv(self, workers_flag: str, decoders_flag: str = "") -> list[str]:
        """Flags of `resume`. decoders_flag: empty where a run has no such number."""
        given = {
            workers_flag: self.num_workers,
            decoders_flag: self.num_decoders if decoders_flag else 0,
            "--max-failures": self.max_failures,
            "--max-attempts": self.max_attempts,
            "--clip-time-s": self.clip_time_s,
            "--clip-memory-mib": self.clip_memory_mib,
        }
        argv = [f"{flag}={value}" for flag, value in given.items() if value]
        return argv if self.artifact_cache else [*argv, "--no-artifact-cache"]


@dataclass(frozen=True)
class RunRoots:
    """Where a run reads and writes, each a folder or s3://bucket/prefix.

    state_root: empty for the one within the output. run_name: empty for the first digits of the plan's digest.
    follow_links: whether links that leave an input root are read. dataset: empty, or the last part of the output root,
    which then is one of several named data sets of the root above it. further_roots: input roots after the first.
    Raises BadConfig BAD_DATASET_NAME.
    """

    input_root: str
    output_root: str
    state_root: str = ""
    run_name: str = ""
    follow_links: bool = False
    dataset: str = ""
    further_roots: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("input_root", "output_root"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty: a run needs one")
        if self.dataset and not self.output_root.endswith(f"/{check_dataset_name(self.dataset)}"):
            raise ValueError(f"the output of data set {self.dataset} is a folder of that name, not {self.output_root}")
        # JSON has lists for tuples.
        object.__setattr__(self, "further_roots", tuple(self.further_roots))
        if not all(isinstance(root, str) and root for root in self.further_roots):
            raise ValueError(f"further_roots must be a list of roots, none of them empty, not {self.further_roots!r}")
        if twice := [root for root in self.further_roots if self.input_roots.count(root) > 1]:
            raise ValueError(f"{twice[0]} is given as an input root twice: give each root once")

    @classmethod
    def of_dataset(
        cls,
        input_root: str,
        root: str,
        dataset: str,
        state_root: str = "",
        run_name: str = "",
        *,
        follow_links: bool = False,
        further_roots: tuple[str, ...] = (),
    ) -> RunRoots:
        """Of a data set that is written below a root, in the folder of its name; without a name to the root itself.

        Raises BadConfig BAD_DATASET_NAME.
        """
        output_root = f"{root.rstrip('/')}/{check_dataset_name(dataset)}" if dataset and root else root
        return cls(input_root, output_root, state_root, run_name, follow_links, dataset, further_roots)

    @property
    def input_roots(self) -> tuple[str, ...]:
        """All of them, as they were given."""
        return (self.input_root, *self.further_roots)

    @property
    def datasets_root(self) -> str:
        """The root that holds this data set beside others; of one without a name, the output root."""
        return self.output_root[: -len(self.dataset) - 1] or "/" if self.dataset else self.output_root

    def argv(self) -> list[str]:
        """Flags of `pin`."""
        argv = [*(f"--input-root={root}" for root in self.input_roots), *self._argv(self.datasets_root)]
        argv += [f"--dataset={self.dataset}"] if self.dataset else []
        argv += [f"--run={self.run_name}"] if self.run_name else []
        return [*argv, "--follow-links"] if self.follow_links else argv

    def output_argv(self) -> list[str]:
        """Flags that name the pinned run."""
        return self._argv(self.output_root)

    def _argv(self, output_root: str) -> list[str]:
        places = {"--output-root": output_root, "--state-root": self.state_root}
        return [f"{flag}={value}" for flag, value in places.items() if value]


@dataclass(frozen=True)
class RunRequest:
    """A run as it is requested, by a command line, a file or a call.

    options: of the pipeline's own class. cluster: local or kube. device: what a stage's device "auto" means for the
    workers: auto (as here), cpu or cuda. Raises BadConfig for another.
    """

    pipeline: str
    options: Options
    roots: RunRoots
    limits: Limits = field(default_factory=Limits)
    cluster: str = "local"
    device: str = "auto"

    def __post_init__(self) -> None:
        for name, known in (("cluster", CLUSTERS), ("device", DEVICES)):
            if getattr(self, name) not in known:
                raise BadConfig("BAD_SETTING", f"{name} must be one of {', '.join(known)}, not {getattr(self, name)!r}")

    @property
    def key(self) -> str:
        """The same for the same request."""
        return digest_of(self.to_mapping())

    def pin_argv(self) -> list[str]:
        """The command line that plans and pins it."""
        return ["pin", self.pipeline, *self.roots.argv(), *argv_of(self.options)]

    def resume_argv(self, workers_flag: str = "") -> list[str]:
        """The command line that runs it to its end. workers_flag: what takes a number of workers; empty: the
        pipeline's flag.
        """
        numbers = pipeline_of(self.pipeline).numbers
        limits = self.limits.argv(workers_flag or numbers.workers, numbers.decoders)
        return ["resume", *self.roots.output_argv(), *limits]

    def to_mapping(self) -> dict[str, Any]:
        """As JSON holds it; options that have their defaults are left out."""
        own = {"pipeline": self.pipeline, "options": given_of(self.options)}
        own |= {"roots": asdict(self.roots), "limits": asdict(self.limits)}
        return own | {"cluster": self.cluster, "device": self.device}

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> RunRequest:
        """The inverse of `to_mapping`; what is left out has its default. Raises BadConfig."""
        unknown = sorted(set(values) - {field.name for field in dataclasses.fields(cls)})
        if unknown:
            raise BadConfig("UNKNOWN_SETTING", f"a run has no {', '.join(unknown)}: it has {_names(cls)}")
        missing = sorted({"pipeline", "roots"} - set(values))
        if missing:
            raise BadConfig("BAD_SETTING", f"a run needs {' and '.join(missing)}")
        parts = {name: values.get(name, {}) for name in ("options", "roots", "limits")}
        for name, part in parts.items():
            if not isinstance(part, Mapping):
                raise BadConfig("BAD_SETTING", f"{name} of a run must be an object of settings, not {part!r}")
        name = str(values["pipeline"])
        return cls(
            name,
            config_from_mapping(pipeline_of(name).options, parts["options"]),
            config_from_mapping(RunRoots, parts["roots"]),
            config_from_mapping(Limits, parts["limits"]),
            str(values.get("cluster", "local")),
            str(values.get("device", "auto")),
        )


def options_of_argv(pipeline: str, argv: Sequence[str], whose: str = "") -> Options:
    """The pipeline's options from its own flags, each in full. whose: for messages. Raises BadConfig BAD_FLAGS."""
    numbers = pipeline_of(pipeline).numbers
    of_limits = {numbers.workers: "num_workers", numbers.decoders: "num_decoders"}
    for word in argv:
        flag = word.partition("=")[0]
        if flag and flag in of_limits:
            raise BadConfig("BAD_FLAGS", f"{flag} is no flag of a submitted run: give limits.{of_limits[flag]}")
    options: Options = config_from_argv(pipeline_of(pipeline).options, argv, whose or f"flags of {pipeline}")
    return options


def _names(config: type) -> str:
    return ", ".join(field.name for field in dataclasses.fields(config))
