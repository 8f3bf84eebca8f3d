"""Files of text ids until all are made: then they get their names at once, or none does."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from services.base.errors import BadConfig
from services.base.store.by_digest import is_uri
from services.base.store.interface import TEMP_PREFIX, NotThere
from services.base.store.open import open_store
from services.base.store.os_errors import refusal
from services.text.retokenize.stems import FOLDER, NPY

_STAGED = f"{TEMP_PREFIX}{FOLDER}"


class IdFiles(Protocol):
    """text_ids/ of an output, as a process sees it that encodes."""

    def read(self, stem: str) -> bytes | None:
        """The file that is there; None for none."""
        ...

    def write(self, stem: str, data: bytes) -> None:
        """Raises BadConfig for a disk that is full, or Transient."""
        ...


def id_files(output_dir: str) -> IdFiles:
    """Of a folder or a URI."""
    return _InStore(output_dir) if is_uri(output_dir) else _InFolder(Path(output_dir))


class _InStore:
    """Each file is written under its name, as a whole: a store has no rename."""

    def __init__(self, root: str) -> None:
        self._store = open_store(root)

    def read(self, stem: str) -> bytes | None:
        try:
            return self._store.read(f"{FOLDER}/{stem}{NPY}")
        except NotThere:
            return None

    def write(self, stem: str, data: bytes) -> None:
        self._store.put(f"{FOLDER}/{stem}{NPY}", data)


class _InFolder:
    """Written beside the folder of ids."""

    def __init__(self, root: Path) -> None:
        self._root, self._staged = root, root / _STAGED

    def read(self, stem: str) -> bytes | None:
        try:
            return (self._root / FOLDER / f"{stem}{NPY}").read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise refusal(error, str(self._root), f"{FOLDER}/{stem}{NPY}", "read") from error

    def write(self, stem: str, data: bytes) -> None:
        path = self._staged / f"{stem}{NPY}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError as error:
            raise refusal(error, str(self._root), f"{FOLDER}/{stem}{NPY}", "write") from error


class Staging:
    """`with Staging(output_dir) as staging:`, what processes write by `id_files`, and then staging.publish().

    Left without it, nothing stays of what was written to a folder. Raises BadConfig OUTPUT_BUSY where another process
    writes there.
    """

    def __init__(self, output_dir: str) -> None:
        self._root = None if is_uri(output_dir) else Path(output_dir)
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> Staging:
        if self._root is not None:
            try:
                self._root.mkdir(parents=True, exist_ok=True)
                self._lock = (self._root / f"{_STAGED}.lock").open("wb")
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BadConfig(
                    "OUTPUT_BUSY", f"another process writes text ids to {self._root}: wait for it, or stop it"
                ) from error
            except OSError as error:
                raise refusal(error, str(self._root), FOLDER, "write") from error
            self._clear()
        return self

    def __exit__(self, *_: object) -> None:
        if self._root is not None:
            self._clear()
            with contextlib.suppress(OSError):
                (self._root / f"{_STAGED}.lock").unlink()
            assert self._lock is not None
            self._lock.close()

    def publish(self) -> None:
        """Gives all files their names. What could fail for want of space has been done before."""
        if self._root is None:
            return
        staged, target = self._root / _STAGED, self._root / FOLDER
        try:
            # One for all files: a sync each would take longer than encoding.
            os.sync()
            for file in _files(staged):
                path = target / file.relative_to(staged)
                path.parent.mkdir(parents=True, exist_ok=True)
                file.replace(path)
            os.sync()
        except OSError as error:
            raise refusal(error, str(self._root), FOLDER, "write") from error

    def _clear(self) -> None:
        assert self._root is not None
        staged = self._root / _STAGED
        if staged.is_dir():
            # A folder of a process that died is as large as what it wrote; its name is free at once.
            gone = staged.with_name(f"{_STAGED}-{secrets.token_hex(4)}")
            with contextlib.suppress(OSError):
                staged.replace(gone)
            shutil.rmtree(gone, ignore_errors=True)


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        for name in names:
            yield Path(parent, name)
