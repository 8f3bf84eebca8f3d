"""Memory of this host that a server maps as well: a request's input lies there and only its name travels."""

from __future__ import annotations

import mmap
import os
import re
import uuid
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

_FOLDER = Path("/dev/shm")  # noqa: S108 - where shm_open puts its names; each file is new, private and unlinked at once
_NAME = re.compile(r"visemill-(\d+)-(\d+)-[0-9a-f]{12}")


class Region:
    """num_bytes of shared memory under a fresh name. Raises OSError where there is none, or too little.

    name: what the server is told; its key for shm_open is `/name`.
    """

    def __init__(self, num_bytes: int) -> None:
        self.name = f"visemill-{_pid_namespace()}-{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self.num_bytes = num_bytes
        self._path = _FOLDER / self.name
        fd = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            # Reserved now: a page that is missing later would kill this process with a bus error.
            os.posix_fallocate(fd, 0, num_bytes)
            self._map = mmap.mmap(fd, num_bytes)
        except OSError:
            self.hide()
            raise
        finally:
            os.close(fd)

    def put(self, array: npt.NDArray[np.generic]) -> None:
        """Copies a C-ordered array to the beginning. Raises ValueError when it does not fit."""
        if array.nbytes > self.num_bytes:
            raise ValueError(f"{array.nbytes} bytes do not fit into a region of {self.num_bytes}")
        np.frombuffer(self._map, np.uint8, array.nbytes)[:] = np.ascontiguousarray(array).view(np.uint8).reshape(-1)

    def hide(self) -> None:
        """Takes the name away; the memory lives as long as someone has it mapped, so a kill leaks nothing here."""
        self._path.unlink(missing_ok=True)


def orphans(names: Iterable[str]) -> list[str]:
    """Those of a server's regions that were ours and whose process on this host has ended."""
    found = []
    for name in names:
        match = _NAME.fullmatch(name)
        if match and int(match[1]) == _pid_namespace() and not Path("/proc", match[2]).exists():
            found.append(name)
    return found


def _pid_namespace() -> int:
    """Process ids of another container mean nothing here."""
    return Path("/proc/self/ns/pid").stat().st_ino
