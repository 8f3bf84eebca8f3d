"""Where the media lie that a manifest names: as a worker will find them, below roots that may be read."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar
from urllib.parse import unquote

from orchestrator.pipelines.base import Inputs
from services.base.store.interface import Entry
from services.base.store.names import below, is_absolute, normal
from services.base.store.roots import absolute

_Item = TypeVar("_Item")
# Items whose media are looked up side by side, where that takes a request to a server each.
_NUM_TOGETHER = 1024
_NUM_READERS = 16
_MOST_FOLDERS = 16_384
# A path that is one below any folder, without `.`, `..` or empty parts.
_PLAIN = re.compile(r"(?!~)(?:(?!\.\.?/)[^/\0]+/)*(?!\.\.?\Z)[^/\0]+")


class Found(NamedTuple):
    """Media as it was found. name: as the list of clips has it; root: that it lies below, if it is no input root."""

    name: str
    root: str
    entry: Entry


class NotFound(NamedTuple):
    """Why there is none. is_outside: something is there, and may not be read. place: where it would lie, or lies."""

    is_outside: bool
    message: str
    place: str = ""


class _Place(NamedTuple):
    """A folder to look into. opened: the root to open; empty: it depends on the file. prefix: of its files below that;
    name_prefix: as the list of clips has them; None: it depends on the file. root: as of Found.
    """

    folder: str
    opened: str
    prefix: str
    name_prefix: str | None
    root: str


def is_plain(named: str) -> bool:
    """Whether a path is one below any folder as it stands."""
    return _PLAIN.fullmatch(named) is not None


class MediaLookup:
    """Finds media by the paths that name them. search: roots below which a relative path is looked for, in order; a
    path with `..`, an absolute one and a URI are as they are.
    """

    def __init__(self, inputs: Inputs, search: Sequence[str]) -> None:
        self._files = inputs.files
        self._inputs = [absolute(root) for root in inputs.input_roots if root]
        self._search = list(dict.fromkeys(normal(absolute(root)) for root in search))
        self._used: dict[str, None] = {}
        self._missing: dict[tuple[str, str], bool] = {}
        self._places = [self._place(folder) for folder in self._search]

    def roots(self) -> tuple[str, ...]:
        """Roots that media were found below and that are no input roots, as they came up."""
        return tuple(self._used)

    def batches(
        self, items: Iterator[_Item], named: Callable[[_Item], str]
    ) -> Iterator[list[tuple[_Item, Found | NotFound]]]:
        """Each item with its media, in order, a bounded number at a time. named: the path that an item has.

        Raises what is wrong with a store.
        """
        searches_servers = any("://" in place for place in self._search)
        with ThreadPoolExecutor(_NUM_READERS) as pool:
            while batch := list(itertools.islice(items, _NUM_TOGETHER)):
                names = [named(item) for item in batch]
                is_remote = searches_servers or any("://" in name for name in names)
                # Of a disk one thread finds as many files as sixteen.
                found = list(pool.map(self.find, names) if is_remote else map(self.find, names))
                self._used |= dict.fromkeys(media.root for media in found if isinstance(media, Found) and media.root)
                yield list(zip(batch, found, strict=True))

    def find(self, named: str) -> Found | NotFound:
        """The file that a path means, the first in the order of the search."""
        if _PLAIN.fullmatch(named):
            for place in self._places:
                if not place.opened:
                    break
                if self._lacks(place, named.rpartition("/")[0]):
                    continue
                entry = self._files.stat(place.opened, place.prefix + named)
                if entry is not None and entry.kind == "file":
                    if place.name_prefix is None:
                        break
                    return Found(place.name_prefix + named, place.root, entry)
        return self._find_anywhere(named)

    def _lacks(self, place: _Place, folder: str) -> bool:
        """Whether a folder is not there, asked once: a corpus has few of them, and most places have none. A bucket has
        none that could be asked for.
        """
        if not folder or "://" in place.opened:
            return False
        key = place.folder, folder
        if key not in self._missing:
            if len(self._missing) >= _MOST_FOLDERS:
                return False
            self._missing[key] = self._files.stat(place.opened, place.prefix + folder) is None
        return self._missing[key]

    def _find_anywhere(self, named: str) -> Found | NotFound:
        looked, refused, leaves = [], "", False
        for path in self._candidates(named):
            root, is_input = self._root_of(path)
            if not root:
                refused = refused or path
                continue
            entry = self._files.stat(root, below(root, path) or "")
            if entry is not None and entry.kind == "file":
                return Found(self._name_of(path), "" if is_input else root, entry)
            if entry is not None and entry.kind == "outside":
                refused, leaves = path, True
                continue
            looked.append(path)
        if looked and not leaves:
            message = f"there is no file {named!r}; looked for {' and '.join(looked[:4])}: correct the path, or add it"
            return NotFound(False, message, self._name_of(looked[0]))
        message = f"{named!r} leads to {refused}, outside the roots that may be read here: move it below one of them"
        return NotFound(True, message, refused)

    def _place(self, folder: str) -> _Place:
        some = f"{folder.rstrip('/')}/x"
        root, is_input = self._root_of(some)
        if not root:
            return _Place(folder, "", "", None, "")
        holds_input = any(below(folder, other) for other in self._inputs)
        name = None if holds_input else self._name_of(some)[:-1]
        return _Place(folder, root, (below(root, some) or "x")[:-1], name, "" if is_input else root)

    def _candidates(self, named: str) -> list[str]:
        """Absolute paths or URIs that it may mean, in order."""
        if named.startswith("file:///"):
            return [normal(unquote(named.removeprefix("file://")))]
        if named.startswith("~"):
            return [normal(absolute(named))]
        if is_absolute(named):
            return [normal(named)]
        return list(dict.fromkeys(normal(f"{root.rstrip('/')}/{named}") for root in self._search))

    def _root_of(self, path: str) -> tuple[str, bool]:
        """(the root to open, whether it is an input root); empty where it may not be read."""
        for root in self._inputs:
            if below(root, path):
                return root, True
        if "://" in path and not path.startswith("s3://"):
            return "", False
        allowed = self._files.root_of(path)
        if not allowed:
            return "", False
        # As small a root as there is one: what is beside the media is read by nobody.
        inner = (root for root in self._search if below(allowed, root) is not None and below(root, path))
        return next(inner, allowed), False

    def _name_of(self, path: str) -> str:
        """As the list of clips has it: below the first input root relative to it."""
        return (below(self._inputs[0], path) if self._inputs else None) or path
