"""Memory that this process may still fill."""

from __future__ import annotations

from pathlib import Path

from services.base.process.cgroup import granted_memory_bytes

_MEMINFO = Path("/proc/meminfo")


def parse_available(text: str) -> int:
    """Bytes of `MemAvailable` in /proc/meminfo. Raises ValueError where it is not there."""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    raise ValueError("no MemAvailable")


def available_memory_bytes(meminfo: Path = _MEMINFO, granted_bytes: int | None = None) -> int | None:
    """Of the machine what is free or can be freed, and no more than the cgroup grants; None where neither says.

    granted_bytes: by default as the cgroup says. Never raises.
    """
    granted_bytes = granted_memory_bytes() if granted_bytes is None else granted_bytes
    try:
        available_bytes = parse_available(meminfo.read_text())
    except (OSError, ValueError, IndexError):
        return granted_bytes
    return available_bytes if granted_bytes is None else min(available_bytes, granted_bytes)
