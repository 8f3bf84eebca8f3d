"""Memory that this process may still fill, and what it keeps of it."""

from __future__ import annotations

import ctypes
from pathlib import Path

from services.base.process.cgroup import granted_memory_bytes

_MEMINFO = Path("/proc/meminfo")
# glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
# The CPU's allocator of torch and oneDNN raise a plain RuntimeError.
_NO_MEMORY = ("can't allocate memory", "could not create a", "could not execute a")


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


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a computation of torch or NumPy on a CPU has failed because memory was short; a GPU's errors have a class
    of their own.
    """
    is_plain = isinstance(error, RuntimeError) and any(words in str(error) for words in _NO_MEMORY)
    return is_plain or isinstance(error, MemoryError)


def keep_large_blocks(block_bytes: int, free_bytes: int) -> None:
    """Blocks of up to block_bytes that are freed serve the next that ask for them, and up to free_bytes stay at the end
    of the heap: glibc gives both back at once, and faulting them in again takes a network a tenth to a fifth of its
    time. Where the C library cannot be told, nothing happens.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, block_bytes)
        set_option(_M_TRIM_THRESHOLD, free_bytes)
