"""The store on a disk: temporary name, fsync, rename; a hard link where only one of several writers may win."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from services.base.errors import BadConfig, BadInput
from services.base.store.interface import TEMP_PREFIX, Entry, Promises, Upload, check_name, check_prefix
from services.base.store.local.upload import COPY_BYTES, LocalUpload, make_folders, remove_if_abandoned, sync_folder
from services.base.store.local.walk import Walk, entry_of, is_below
from services.base.store.os_errors import refusal

_MOST_HELD_FOLDERS = 4096


class LocalFolder:
    """A Store in a folder. See `services.base.store.interface.Store`."""

    def __init__(self, root: Path, *, must_exist: bool = False, follow_links: bool = False) -> None:
        self._root = os.path.realpath(root)
        self._prefix = f"{self._root.rstrip('/')}/"
        self._follow_links = follow_links
        self._held_folders: set[str] = set()
        if must_exist:
            self.check_root()
        if Path(self._root).exists() and not Path(self._root).is_dir():
            raise BadConfig("ROOT_MISSING", f"{self._root} is not a folder; give a folder")

    @property
    def uri(self) -> str:
        return self._root

    @property
    def root(self) -> Path:
        return Path(self._root)

    def check_root(self) -> None:
        try:
            is_folder = stat.S_ISDIR(Path(self._root).stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            message = f"there is no folder {self._root}; check the path, or mount what holds it"
            raise BadConfig("ROOT_MISSING", message) from None
        except OSError as error:
            raise refusal(error, self._root, "", "read") from error
        if not is_folder:
            raise BadConfig("ROOT_MISSING", f"{self._root} is not a folder; give a folder")

    def list(self, prefix: str = "", *, directories: bool = False) -> Iterator[Entry]:
        folder, _, stem = check_prefix(prefix).rpartition("/")
        if folder and self._leaves(os.path.realpath(self._path(folder))):
            return
        try:
            yield from Walk(self._root, follow_links=self._follow_links, directories=directories).entries(folder, stem)
        except OSError as error:
            raise refusal(error, self._root, prefix, "read") from error

    def stat(self, name: str) -> Entry | None:
        # Asked a million times for a manifest: no objects for paths, and each folder is resolved once.
        path = f"{self._prefix}{check_name(name)}"
        try:
            status = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise refusal(error, self._root, name, "read") from error
        try:
            is_link = stat.S_ISLNK(status.st_mode)
            if self._leaves(os.path.realpath(path)) if is_link else not self._holds_folder(name.rpartition("/")[0]):
                return Entry(name, 0, "", "outside")
            return entry_of(name, os.stat(path) if is_link else status)  # noqa: PTH116
        except (FileNotFoundError, NotADirectoryError):
            return Entry(name, 0, "", "other") if os.path.islink(path) else None  # noqa: PTH114
        except OSError as error:
            raise refusal(error, self._root, name, "read") from error

    def read(self, name: str, offset_bytes: int = 0, num_bytes: int | None = None) -> bytes:
        if offset_bytes < 0 or (num_bytes is not None and num_bytes < 0):
            raise ValueError(f"a range must not be negative: offset {offset_bytes}, {num_bytes} bytes")
        with self._opened(name) as descriptor, os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:
            try:
                file.seek(offset_bytes)
                return _read_fully(file.fileno(), num_bytes)
            except OSError as error:
                raise refusal(error, self._root, name, "read") from error

    def local_path(self, name: str) -> Path | None:
        entry = self.stat(name)
        return self._path(name) if entry and entry.kind == "file" else None

    def fetch(self, name: str, to: Path) -> None:
        beside = to.with_name(f"{TEMP_PREFIX}{secrets.token_hex(8)}")
        with self._opened(name) as descriptor:
            try:
                with beside.open("wb") as target, os.fdopen(descriptor, "rb", closefd=False) as source:
                    shutil.copyfileobj(source, target, COPY_BYTES)
                beside.replace(to)
            except OSError as error:
                beside.unlink(missing_ok=True)
                raise refusal(error, self._root, name, "fetch") from error

    def put(self, name: str, data: bytes) -> None:
        with self.upload(name) as upload:
            upload.write(data)
            upload.commit()

    def create(self, name: str, data: bytes) -> bool:
        if os.path.lexists(self._path(check_name(name))):
            return False
        with self.upload(name) as upload:
            upload.write(data)
            return upload.commit(create_only=True)

    def upload(self, name: str) -> Upload:
        return LocalUpload(self._root, name, self._writable(name))

    def move(self, source: str, target: str) -> None:
        old, new = self._writable(source, make=False), self._writable(target)
        try:
            old.replace(new)
            sync_folder(new.parent)
            if old.parent != new.parent:
                sync_folder(old.parent)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise refusal(error, self._root, source, "write") from error
            self._copy(source, target)
            self.delete(source)

    def delete(self, name: str) -> None:
        path = self._writable(name, make=False)
        try:
            path.unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise refusal(error, self._root, name, "write") from error

    def delete_prefix(self, prefix: str) -> None:
        if not prefix:
            raise ValueError("an empty prefix would delete the whole root")
        folder, _, stem = check_prefix(prefix).rpartition("/")
        parent = self._path(folder) if folder else self.root
        if self._leaves(os.path.realpath(parent)) or parent.is_symlink():
            raise BadConfig(
                "OUTSIDE_ROOT", f"{parent} is a symlink: what lies behind it is not deleted; delete it by hand"
            )
        try:
            for path in [p for p in parent.iterdir() if p.name.startswith(stem)]:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            if not stem:
                parent.rmdir()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise refusal(error, self._root, prefix, "write") from error

    def clean_abandoned(self, older_than_s: float) -> int:
        """Removes temporary files whose writer is gone. What a living process here still writes is kept."""
        removed = 0
        for folder, _, names in os.walk(self._root):
            for name in names:
                if name.startswith(TEMP_PREFIX) and remove_if_abandoned(Path(folder, name), older_than_s):
                    removed += 1
        return removed

    def probe(self) -> Promises:
        name = f"probe-{secrets.token_hex(8)}"
        try:
            first, second = self.create(name, b"visemill"), self.create(name, b"another")
            listed = any(entry.name == name for entry in self.list(name))
            ranged = self.read(name, 2, 3) == b"sem"
        finally:
            self.delete(name)
        free_bytes = shutil.disk_usage(self._root).free
        return Promises(first and not second, first and not second, listed, True, ranged, free_bytes)

    def _path(self, name: str) -> Path:
        return Path(self._root, name)

    def _leaves(self, real: str) -> bool:
        return not (self._follow_links or is_below(real, self._root))

    def _holds_folder(self, folder: str) -> bool:
        """Whether a folder lies in the root once links are followed. One that did is not asked about again: whoever
        opens a file looks once more.
        """
        if folder in self._held_folders:
            return True
        if folder and self._leaves(os.path.realpath(self._path(folder))):
            return False
        if len(self._held_folders) >= _MOST_HELD_FOLDERS:
            self._held_folders.clear()
        self._held_folders.add(folder)
        return True

    def _writable(self, name: str, *, make: bool = True) -> Path:
        path = self._path(check_name(name))
        if self._leaves(os.path.realpath(path.parent)):
            raise BadConfig(
                "OUTSIDE_ROOT", f"{path.parent} leaves {self._root} by a symlink; write to its real place instead"
            )
        if make:
            try:
                make_folders(path.parent)
            except OSError as error:
                raise refusal(error, self._root, name, "write") from error
        return path

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        path = self._path(check_name(name))
        if self._leaves(os.path.realpath(path)):
            raise BadInput(
                "OUTSIDE_ROOT", f"{name!r} is a symlink that leaves {self._root}; copy the file in, or allow links"
            )
        try:
            # A FIFO without a writer would block the open for ever.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise refusal(error, self._root, name, "read") from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise BadInput("NOT_A_FILE", f"{path} is a directory or a device, not a file; remove or rename it")
            yield descriptor
        finally:
            os.close(descriptor)

    def _copy(self, source: str, target: str) -> None:
        with self._opened(source) as descriptor, self.upload(target) as upload:
            while piece := os.read(descriptor, COPY_BYTES):
                upload.write(piece)
            upload.commit()


def _read_fully(descriptor: int, num_bytes: int | None) -> bytes:
    """One read system call may return less than asked for, and never more than 2 GiB."""
    wanted = os.fstat(descriptor).st_size if num_bytes is None else num_bytes
    pieces = []
    while wanted > 0 and (piece := os.read(descriptor, min(wanted, 1 << 30))):
        pieces.append(piece)
        wanted -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
