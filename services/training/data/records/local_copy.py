"""I/O: records of a bucket kept on this machine's disk, up to a size; a file each, so that processes share them."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
import threading
from pathlib import Path

_log = logging.getLogger("visemill.training.data")
# Other processes add as well: their files are counted now and then.
_COUNT_EVERY = 64
_TEMPORARY = ".part"


class LocalCopy:
    """What is in stays in: where each epoch reads every record once, those that came first are as good as any others.

    folder: of this data set alone. Thread-safe. A disk that is full, or a file that is gone, costs the copy and not
    the training.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        self._lock = threading.Lock()
        self._num_added = 0
        self._held_bytes = self._counted() if most_bytes else 0

    def path(self, file: str, offset_bytes: int) -> Path:
        """Where the payload at that offset of the file is, if it is."""
        name = hashlib.sha256(f"{file}/{offset_bytes}".encode()).hexdigest()[:32]
        return self._folder / name[:2] / name

    def add(self, file: str, offset_bytes: int, payload: bytes) -> None:
        """Keeps the payload where there is room."""
        with self._lock:
            self._num_added += 1
            if self._num_added % _COUNT_EVERY == 0 and self._held_bytes < self._most_bytes:
                self._held_bytes = self._counted()
            if self._held_bytes + len(payload) > self._most_bytes:
                return
            self._held_bytes += len(payload)
        path = self.path(file, offset_bytes)
        beside = path.with_name(f"{secrets.token_hex(8)}{_TEMPORARY}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(payload)
            beside.replace(path)
        except OSError as error:
            _log.warning("no further records are kept in %s: %s", self._folder, error)
            with contextlib.suppress(OSError):
                beside.unlink()
            with self._lock:
                self._most_bytes = 0

    def _counted(self) -> int:
        sizes = 0
        for folder, _, names in os.walk(self._folder):
            for name in names:
                try:
                    sizes += (Path(folder) / name).stat().st_size
                except OSError:
                    continue
        return sizes
