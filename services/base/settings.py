"""What a process is told by its environment (VISEMILL_*), and what it is granted: cores and memory of its cgroup.

Reading is kept apart from parsing: every `parse_*` and `*_of` is pure.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeVar

from services.base.errors import BadConfig

_T = TypeVar("_T")

_PREFIX = "VISEMILL_"
_CGROUP_ROOT = Path("/sys/fs/cgroup")
_CGROUP_MEMBERSHIP = Path("/proc/self/cgroup")
# cgroup v1 says "no limit" with the largest multiple of a page below 2^63.
_UNLIMITED_BYTES = 1 << 60

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TBB_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


@dataclass(frozen=True)
class Settings:
    """Settings of any process, each VISEMILL_<FIELD> in the environment."""

    log_level: str = field(default="info", metadata={"help": "debug, info, warning or error"})
    log_format: str = field(
        default="auto", metadata={"help": "json, text, or auto: JSON unless standard error is a terminal"}
    )
    cores: int = field(default=0, metadata={"help": "cores to use; 0: what the cgroup grants"})
    max_message_bytes: int = field(
        default=32 << 20,
        metadata={"help": "of one gRPC message, in and out; the default holds an RGB frame of 3840x2160"},
    )
    rpc_deadline_s: float = field(default=300.0, metadata={"help": "of one try of a remote call"})
    rpc_patience_s: float = field(
        default=60.0, metadata={"help": "how long a remote call is tried again while a server is away or busy"}
    )
    tls_ca: str = field(default="", metadata={"help": "PEM file by which a client knows servers"})
    tls_cert: str = field(default="", metadata={"help": "PEM file that a client shows; with tls_key"})
    tls_key: str = field(default="", metadata={"help": "PEM file"})

    def __post_init__(self) -> None:
        if self.log_level.lower() not in ("debug", "info", "warning", "error"):
            raise ValueError(f"log_level must be debug, info, warning or error, not {self.log_level!r}")
        if self.log_format not in ("auto", "json", "text"):
            raise ValueError(f"log_format must be auto, json or text, not {self.log_format!r}")
        if self.cores < 0:
            raise ValueError(f"cores must be at least 0, not {self.cores}")
        if self.max_message_bytes < 1 << 20:
            raise ValueError(f"max_message_bytes must be at least {1 << 20}, not {self.max_message_bytes}")
        if not 0 < self.rpc_deadline_s < math.inf:
            raise ValueError(f"rpc_deadline_s must be over 0 and finite, not {self.rpc_deadline_s}")
        if not 0 <= self.rpc_patience_s < math.inf:
            raise ValueError(f"rpc_patience_s must be at least 0 and finite, not {self.rpc_patience_s}")
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ValueError("tls_cert and tls_key belong together: give both or neither")


def settings_of(environment: Mapping[str, str]) -> Settings:
    """Settings from VISEMILL_* variables; other variables are ignored. Raises BadConfig that names the variable."""
    values: dict[str, object] = {}
    for item in dataclasses.fields(Settings):
        name = _PREFIX + item.name.upper()
        text = environment.get(name, "").strip()
        if not text:
            continue
        convert: Callable[[str], object] = type(item.default)
        try:
            values[item.name] = convert(text)
        except ValueError:
            rule = "a whole number" if convert is int else "a number"
            raise BadConfig("BAD_SETTING", f"{name}={text!r} must be {rule}") from None
    try:
        return Settings(**values)  # type: ignore[arg-type]
    except ValueError as error:
        raise BadConfig("BAD_SETTING", f"{error}; it comes from {_PREFIX}* in the environment") from error


def settings() -> Settings:
    """The settings of this process. Raises BadConfig."""
    return settings_of(os.environ)


def thread_environment(num_threads: int) -> dict[str, str]:
    """Variables that hold the thread pools of a new process's numeric and media libraries to num_threads."""
    if num_threads < 1:
        raise ValueError(f"a process needs at least 1 thread, not {num_threads}")
    return dict.fromkeys(_THREAD_VARIABLES, str(num_threads))


def parse_cpu_max(text: str) -> float | None:
    """Cores in a cgroup v2 `cpu.max` ("150000 100000" is 1.5), None without a limit."""
    quota, _, period = text.strip().partition(" ")
    if quota == "max":
        return None
    return int(quota) / int(period or 100_000)


def parse_cfs_quota(quota_us: str, period_us: str) -> float | None:
    """Cores in cgroup v1's `cpu.cfs_quota_us` over `cpu.cfs_period_us`, None without a limit."""
    quota = int(quota_us)
    return quota / int(period_us) if quota > 0 else None


def parse_memory_limit(text: str) -> int | None:
    """Bytes in `memory.max` (v2) or `memory.limit_in_bytes` (v1), None without a limit."""
    if text.strip() == "max":
        return None
    limit_bytes = int(text)
    return limit_bytes if limit_bytes < _UNLIMITED_BYTES else None


def parse_membership(text: str) -> dict[str, PurePosixPath]:
    """Controller -> path of this process's group, from /proc/self/cgroup; the unified hierarchy (v2) is ''."""
    groups: dict[str, PurePosixPath] = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            groups[controller] = PurePosixPath(path)
    return groups


def num_cores_of(affinity: int, quotas: Iterable[float | None]) -> int:
    """Whole cores to use: the fewest that the affinity mask and any quota allow, at least 1; a part of one is none."""
    return max(1, int(min([float(affinity), *(q for q in quotas if q is not None)])))


def granted_cores(root: Path = _CGROUP_ROOT, membership: Path = _CGROUP_MEMBERSHIP) -> int:
    """Cores that this process may use, its cgroup and every group above it considered. Never raises."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas: list[float | None] = []
    for group in _groups(root, membership, "cpu"):
        quotas.append(_parsed(parse_cpu_max, group / "cpu.max"))
        quotas.append(_parsed(parse_cfs_quota, group / "cpu.cfs_quota_us", group / "cpu.cfs_period_us"))
    return num_cores_of(affinity, quotas)


def granted_memory_bytes(root: Path = _CGROUP_ROOT, membership: Path = _CGROUP_MEMBERSHIP) -> int | None:
    """The tightest memory limit on this process, None without one. Never raises."""
    limits = [
        _parsed(parse_memory_limit, group / name)
        for group in _groups(root, membership, "memory")
        for name in ("memory.max", "memory.limit_in_bytes")
    ]
    return min((limit for limit in limits if limit is not None), default=None)


def parse_oom_kills(text: str) -> int:
    """Processes killed because the group's memory ran out: `oom_kill` in `memory.events` (v2), `memory.oom_control`."""
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("oom_kill ")))


def num_oom_kills(root: Path = _CGROUP_ROOT, membership: Path = _CGROUP_MEMBERSHIP) -> int:
    """How often the kernel has killed in this process's group for want of memory; 0 where it does not say."""
    for group in _groups(root, membership, "memory"):
        for name in ("memory.events", "memory.oom_control"):
            found = _parsed(parse_oom_kills, group / name)
            if found is not None:
                return found
    return 0


def _groups(root: Path, membership: Path, controller: str) -> Iterator[Path]:
    """Folders of this process's group and those above it, in both hierarchies."""
    try:
        groups = parse_membership(membership.read_text())
    except (OSError, ValueError):
        groups = {}
    for base, name in ((root, ""), (root / "unified", ""), (root / controller, controller)):
        # Within a container the path may be the host's, and only the root of the hierarchy is mounted.
        path = groups.get(name, PurePosixPath("/"))
        for part in (path, *path.parents):
            yield base / part.relative_to("/")


def _parsed(parse: Callable[..., _T | None], *files: Path) -> _T | None:
    try:
        return parse(*(file.read_text() for file in files))
    except (OSError, ValueError, StopIteration):
        return None
