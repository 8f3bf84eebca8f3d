"""I/O: files that a reader of a data set opens beside the listing: label maps, splits, manifests. The one home of that.

A file is named by its path, absolute or below the working directory, or by its URI; it may be a link.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from services.base.errors import BadConfig, BadInput, VisemillError
from services.base.store.interface import Entry, NotThere, ReadableStore
from services.base.store.open import open_store
from services.base.store.roots import absolute

# Of tables that are read whole: their readers hold them several times over.
MOST_BYTES = 256 << 20
_PIECE_BYTES = 4 << 20


def any_root(path: str) -> str:
    """Where a file may lie that its user's own manifest names: anywhere. The root of the disk, or the bucket."""
    scheme, found, rest = path.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}" if found else "/"


def any_bucket(path: str) -> str:
    """Likewise, where no folder of this machine can be seen."""
    return any_root(path) if "://" in path else ""


class Files:
    """Reads and looks up files. root_of: the root to open for a file that a manifest names by its absolute path or URI;
    empty where it may not name it.
    """

    def __init__(self, root_of: Callable[[str], str] = any_root, *, follow_links: bool = False) -> None:
        self.root_of = root_of
        self._follow_links = follow_links
        self._stores: dict[str, ReadableStore] = {}

    def stat(self, root: str, name: str) -> Entry | None:
        """What lies there, as the worker will find it; None for nothing. Raises BadConfig and Transient of the root."""
        if root not in self._stores:
            self._stores[root] = open_store(root, follow_links=self._follow_links)
        try:
            return self._stores[root].stat(name)
        except BadInput:
            return None

    def names(self, flag: str, folder: str) -> list[str]:
        """Of the files that lie directly in a folder, sorted. flag: for messages. Raises BadConfig of the folder."""
        try:
            store = open_store(absolute(folder), must_exist=True, follow_links=self._follow_links)
            return sorted(e.name for e in store.list() if "/" not in e.name and e.kind == "file")
        except BadConfig as error:
            raise BadConfig(error.reason, f"{flag}: {error.message}", error.detail) from error

    def read(self, flag: str, file: str) -> bytes:
        """A small file, whole. flag: for messages. Raises BadConfig NOT_READABLE, FILE_TOO_LARGE."""
        return b"".join(self._pieces(flag, file, MOST_BYTES))

    def read_if_there(self, flag: str, file: str) -> bytes | None:
        """Likewise; None where there is no such file."""
        store, name = _opened(file)
        with contextlib.suppress(NotThere):
            if store.stat(name) is not None:
                return self.read(flag, file)
        return None

    def pieces(self, flag: str, file: str) -> Iterator[bytes]:
        """A file of any size, a few MiB at a time. Raises BadConfig NOT_READABLE."""
        return self._pieces(flag, file)

    def _pieces(self, flag: str, file: str, most_bytes: int | None = None) -> Iterator[bytes]:
        offset = 0
        try:
            store, name = _opened(file)
            entry = store.stat(name)
            if entry is None:
                raise NotThere(name, store.uri)
            if most_bytes is not None and entry.size_bytes > most_bytes:
                raise BadConfig(
                    "FILE_TOO_LARGE",
                    f"{flag} {file} has {entry.size_bytes} bytes, at most {most_bytes} are read: name the right file, "
                    "or split it",
                )
            while piece := store.read(name, offset, _PIECE_BYTES):
                yield piece
                offset += len(piece)
        except (BadInput, OSError) as error:
            raise _unreadable(flag, file, error) from error
        except BadConfig as error:
            raise BadConfig(error.reason, f"{flag}: {error.message}", error.detail) from error


def folder_of(file: str) -> str:
    """The folder of a file, as a root: an absolute path or a URI."""
    return _split(file)[0]


def _split(file: str) -> tuple[str, str]:
    path = absolute(file)
    folder, _, name = path.rpartition("/")
    return folder or "/", name


def _opened(file: str) -> tuple[ReadableStore, str]:
    folder, name = _split(file)
    # Whoever names a file means what the link leads to.
    return open_store(folder, follow_links=True), name


def _unreadable(flag: str, file: str, error: VisemillError | OSError) -> BadConfig:
    why = error.message if isinstance(error, VisemillError) else error.strerror or str(error)
    return BadConfig("NOT_READABLE", f"{flag} {file} cannot be read: {why}")
