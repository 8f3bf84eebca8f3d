"""The recursive listing of a local folder: sorted, fast, and out of the root by a symlink only where allowed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from services.base.store.interface import TEMP_PREFIX, Entry, is_name

_BY_LINK = "//"


class Walk:
    """One listing. Holds only the names of the directories on the way down, so a million files cost little memory."""

    def __init__(self, root: str, *, follow_links: bool, directories: bool) -> None:
        self._root, self._follow_links, self._directories = root, follow_links, directories

    def entries(self, folder: str, stem: str) -> Iterator[Entry]:
        """What lies below a folder of the root, of which the first segment starts with stem. Raises OSError."""
        start = f"{self._root}/{folder}".rstrip("/")
        below = f"{folder}/" if folder else ""
        pending = [(below, start, os.path.realpath(start), iter(self._names(start, stem)))]
        while pending:
            below, path, real, names = pending[-1]
            for listed in names:
                if listed[-1] != "/":
                    entry = self._leaf(below + listed, f"{path}/{listed}")
                    if entry:
                        yield entry
                    continue
                name = listed.rstrip("/")
                inner = f"{path}/{name}"
                inner_real = os.path.realpath(inner) if listed.endswith(_BY_LINK) else f"{real}/{name}"
                if inner_real in [frame[2] for frame in pending]:
                    yield Entry(shown(below + name), 0, "", "other")
                    continue
                if self._directories:
                    yield Entry(shown(below + name), 0, "", "directory")
                pending.append((f"{below}{name}/", inner, inner_real, iter(self._names(inner, ""))))
                break
            else:
                pending.pop()

    def _names(self, path: str, stem: str) -> list[str]:
        """Names in one directory in the order of the listing; those to descend into end with `/`, symlinks with two."""
        names = []
        try:
            with os.scandir(path) as found:
                for item in found:
                    name = item.name
                    if name.startswith(stem) and not name.startswith(TEMP_PREFIX):
                        names.append(name + self._ending(item))
        except (FileNotFoundError, NotADirectoryError):
            return []
        # Of ASCII the code points are the bytes.
        names.sort(key=None if "".join(names).isascii() else os.fsencode)
        return names

    def _ending(self, item: os.DirEntry[str]) -> str:
        if item.is_symlink():
            return _BY_LINK if self._allowed(item.path) and Path(item.path).is_dir() else ""
        return "/" if item.is_dir(follow_symlinks=False) else ""

    def _allowed(self, path: str) -> bool:
        return self._follow_links or is_below(os.path.realpath(path), self._root)

    def _leaf(self, name: str, path: str) -> Entry | None:
        # What a directory holds can break only one rule of names: not every byte string is UTF-8.
        if not name.isascii() and not is_name(name):
            return Entry(shown(name), 0, "", "other")
        try:
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                if not self._allowed(path):
                    return Entry(name, 0, "", "outside")
                status = Path(path).stat()
        except FileNotFoundError:
            return Entry(name, 0, "", "other") if os.path.lexists(path) else None
        except OSError as error:
            if error.errno == errno.ELOOP:
                return Entry(name, 0, "", "other")
            raise
        return entry_of(name, status)


def is_below(real: str, root: str) -> bool:
    """Whether a resolved path is the resolved root or lies in it."""
    return real == root or real.startswith(root.rstrip("/") + "/")


def shown(name: str) -> str:
    """The name with bytes that are not UTF-8 escaped, fit for messages."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def entry_of(name: str, status: os.stat_result) -> Entry:
    """What a stat result says of a name."""
    if stat.S_ISREG(status.st_mode):
        return Entry(name, status.st_size, str(status.st_mtime_ns))
    return Entry(name, 0, "", "directory" if stat.S_ISDIR(status.st_mode) else "other")
