"""Cores and memory that a process's cgroup grants. Every `parse_*` and `num_cores_of` is pure."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TypeVar

_T = TypeVar("_T")


_CGROUP_ROOT = Path("/sys/fs/cgroup")


_CGROUP_MEMBERSHIP = Path("/proc/self/cgroup")


# cgroup v1 says "no limit" with the largest multiple of a page below 2^63.
_UNLIMITED_BYTES = 1 << 60


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
