"""PURE: a run as somebody asks for it, what of that is allowed, and the command lines that it becomes."""

from __future__ import annotations

import argparse
import math
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from orchestrator.flag_words import ADDRESS, FileOrName, FlagParser, file_of, words_of
from services.base.contract import digest_of
from services.base.errors import BadConfig


@dataclass(frozen=True)
class Limits:
    """How a run is carried out; zero or empty: as the server has it."""

    num_workers: int = 0
    max_failures: str = ""
    max_attempts: int = 0
    clip_time_s: float = 0.0
    clip_memory_mib: int = 0
    artifact_cache: bool = True

    def __post_init__(self) -> None:
        for name in ("num_workers", "max_attempts", "clip_time_s", "clip_memory_mib"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be 0 (as the server has it) or more, not {getattr(self, name)}")

    def words(self, workers_flag: str) -> list[str]:
        """Flags of `resume`."""
        given = {
            workers_flag: self.num_workers,
            "--max-failures": self.max_failures,
            "--max-attempts": self.max_attempts,
            "--clip-time-s": self.clip_time_s,
            "--clip-memory-mib": self.clip_memory_mib,
        }
        words = [f"{flag}={value}" for flag, value in given.items() if value]
        return words if self.artifact_cache else [*words, "--no-artifact-cache"]


@dataclass(frozen=True)
class Submission:
    """A run as it was asked for. flags: the pipeline's own, as words."""

    pipeline: str
    input_root: str
    output_root: str
    state_root: str = ""
    run_name: str = ""
    flags: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        for name in ("pipeline", "input_root", "output_root"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty: a run needs one")

    @property
    def key(self) -> str:
        """The same for the same request."""
        return digest_of(asdict(self))

    def pin_words(self) -> list[str]:
        """The command line that plans and pins it."""
        roots = {"--input-root": self.input_root, **self._places(), "--run": self.run_name}
        return ["pin", self.pipeline, *(f"{flag}={value}" for flag, value in roots.items() if value), *self.flags]

    def resume_words(self, workers_flag: str = "--workers") -> list[str]:
        """The command line that carries it to its end. workers_flag: what takes a number of workers."""
        return ["resume", *self.place_words(), *self.limits.words(workers_flag)]

    def place_words(self) -> list[str]:
        """Flags that name the pinned run."""
        return [f"{flag}={value}" for flag, value in self._places().items() if value]

    def _places(self) -> dict[str, str]:
        return {"--output-root": self.output_root, "--state-root": self.state_root}

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Submission:
        """The inverse of dataclasses.asdict."""
        return cls(**{**values, "flags": tuple(values["flags"]), "limits": Limits(**values["limits"])})


@dataclass(frozen=True)
class Allowed:
    """What a caller from outside may name. roots: absolute folders and s3:// prefixes. addresses: of servers.

    real: where a root leads once links are followed. registry: of the server, which no caller may name even where it
    lies below one of the roots.
    """

    roots: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    real: Callable[[str], str] = str
    registry: str = ""

    def __post_init__(self) -> None:
        for root in self.roots:
            if not root.startswith(("s3://", "/")):
                raise ValueError(f"an allowed root must be an absolute path or s3://bucket/prefix, not {root!r}")

    def checked(self, asked: Submission, parser: FlagParser) -> Submission:
        """The submission with its flags in one form. parser: of the pipeline's own flags.

        Raises BadConfig BAD_FLAGS, ROOT_NOT_ALLOWED, NAME_NOT_KNOWN, ADDRESS_NOT_ALLOWED.
        """
        for name in ("input_root", "output_root", "state_root"):
            self.check_root(name, getattr(asked, name))
        values = parser.parse_args(list(asked.flags))
        for action in parser.flags:
            self._check_flag(action, getattr(values, action.dest))
        if "workers" in values and values.workers != parser.get_default("workers"):
            raise BadConfig("BAD_FLAGS", "--workers is no flag of a submitted run: give limits.num_workers")
        words = tuple(words_of(parser.flags, values, skip=("workers",)))
        return Submission(
            asked.pipeline,
            asked.input_root,
            asked.output_root,
            asked.state_root,
            asked.run_name,
            words,
            asked.limits,
        )

    def _check_flag(self, action: argparse.Action, value: object) -> None:
        text = str(value or "")
        name = action.option_strings[0]
        file = file_of(action, value)
        if isinstance(action, FileOrName) and "/" not in file and file:
            # A file of this server's own folder, which no caller may name.
            raise BadConfig(
                "NAME_NOT_KNOWN",
                f"{name} {file} is none of the names that every server knows ({', '.join(action.names)}): give one of "
                f"them, or a file by its absolute path below an allowed root ({', '.join(self.roots) or 'none'})",
            )
        self.check_root(name, file)
        if action.metavar == ADDRESS:
            self.check_address(name, text)

    def check_address(self, name: str, address: str) -> None:
        """Raises BadConfig ADDRESS_NOT_ALLOWED. address: none where empty."""
        if address and address not in self.addresses:
            known = ", ".join(self.addresses) or "none"
            raise BadConfig("ADDRESS_NOT_ALLOWED", f"{name} {address} is none of the addresses allowed here: {known}")

    def check_root(self, name: str, root: str) -> None:
        """Raises BadConfig ROOT_NOT_ALLOWED. root: a root or a file; none where empty."""
        if root and not any(self._leads_below(root, allowed) for allowed in self.roots):
            known = ", ".join(self.roots) or "none"
            raise BadConfig(
                "ROOT_NOT_ALLOWED",
                f"{name} {root} is below none of the roots that this server allows ({known}): "
                "name one below them, or start the server with --allow-root",
            )

        if root and self.registry and self._leads_to(root, self.registry):
            raise BadConfig(
                "ROOT_NOT_ALLOWED",
                f"{name} {root} lies in {self.registry}, where this server keeps submitted runs: name another",
            )

    def _leads_to(self, root: str, place: str) -> bool:
        return is_below(root, place) or is_below(self.real(root), self.real(place))

    def _leads_below(self, root: str, allowed: str) -> bool:
        return is_below(root, allowed) and is_below(self.real(root), self.real(allowed))


def is_below(root: str, allowed: str) -> bool:
    """Whether a root is the allowed one or below it. `..` is below nothing."""
    if ".." in root.split("/"):
        return False
    if root.startswith("/"):
        root, allowed = posixpath.normpath(root), posixpath.normpath(allowed)
    else:
        allowed = allowed.rstrip("/")
    return root == allowed or root.startswith(f"{allowed.rstrip('/')}/")


def remote_words(remotes: Iterable[str], stages: Sequence[str]) -> list[str]:
    """--remote for those of the STAGE=TARGET pairs whose stage the run has."""
    return [f"--remote={pair}" for pair in remotes if pair.partition("=")[0] in stages]
