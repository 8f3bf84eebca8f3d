"""Writing one file of a local folder durably, and what the errors of a disk mean to a run."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import time
from pathlib import Path

from services.base.store.interface import TEMP_PREFIX, Upload
from services.base.store.os_errors import refusal

COPY_BYTES = 1 << 20


_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class LocalUpload(Upload):
    """A temporary file beside its target. Its lock tells a living writer from a dead one."""

    def __init__(self, root: str, name: str, path: Path) -> None:
        super().__init__()
        self._root, self._name, self._path = root, name, path
        self._temp = path.with_name(f"{TEMP_PREFIX}{secrets.token_hex(8)}")
        try:
            self._file = self._temp.open("xb", buffering=COPY_BYTES)
            with contextlib.suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise refusal(error, root, name, "write") from error

    def _append(self, data: bytes | memoryview) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            self.abort()
            raise refusal(error, self._root, self._name, "write") from error

    def flush(self) -> None:
        super().flush()
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            self.abort()
            raise refusal(error, self._root, self._name, "write") from error

    def _publish(self, create_only: bool) -> bool:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            if create_only and not _link(self._temp, self._path):
                return False
            if not create_only:
                self._temp.replace(self._path)
            sync_folder(self._path.parent)
            self._file.close()
            return True
        except OSError as error:
            raise refusal(error, self._root, self._name, "write") from error

    def _drop(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._temp.unlink(missing_ok=True)


def _link(temp: Path, path: Path) -> bool:
    """Gives the temporary file its name unless that is taken. A hard link cannot replace, so one racer wins."""
    try:
        os.link(temp, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _rename_under_lock(temp, path)
    temp.unlink()
    return True


def _rename_under_lock(temp: Path, path: Path) -> bool:
    """For file systems without hard links: writers take turns at a lock that dies with its holder."""
    with path.with_name(f"{TEMP_PREFIX}lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.lexists(path):
            return False
        temp.replace(path)
        return True


def make_folders(folder: Path) -> None:
    """Makes a directory and its parents, durably."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        try:
            new.mkdir(exist_ok=True)
        except FileNotFoundError:
            # /proc and its like say so where no folder can be made; elsewhere somebody has just removed its parent.
            if new.parent.is_dir():
                raise PermissionError(errno.EPERM, "this file system makes no folders", str(new)) from None
            raise
        sync_folder(new.parent)


def sync_folder(folder: Path) -> None:
    """Makes a rename, link or unlink in the directory durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network and FUSE file systems cannot sync a directory; their rename is as durable as they make it.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


def remove_if_abandoned(path: Path, older_than_s: float) -> bool:
    """Whether a temporary file was old and locked by nobody, and has been removed."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if time.time() - os.fstat(file.fileno()).st_mtime < older_than_s:
                return False
            path.unlink()
            return True
    except OSError:
        return False
