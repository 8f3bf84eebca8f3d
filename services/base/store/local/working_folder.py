"""I/O: a folder for as long as a command works, which no kill leaves behind for good."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK_NAME = ".lock"
# Whoever makes a folder locks it within moments.
_LEAST_AGE_S = 60.0


@contextmanager
def working_folder(prefix: str, root: str = "") -> Iterator[Path]:
    """An empty folder, gone afterwards. Before, those of this prefix are removed whose process is gone. root: where;
    empty: where temporary files lie.
    """
    base = Path(root or tempfile.gettempdir())
    for folder in base.glob(f"{prefix}*"):
        if _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=prefix, dir=base))
    try:
        with (made / _LOCK_NAME).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    """Whether it is this user's, and nobody holds its lock. A kernel lets go of a lock when its process is gone."""
    try:
        facts = folder.lstat()
        if facts.st_uid != os.geteuid() or time.time() - facts.st_mtime < _LEAST_AGE_S:
            return False
        with (folder / _LOCK_NAME).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
