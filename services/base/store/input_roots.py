"""The roots that a run reads from, as one store: each file by a name that is the same in every process.

A name below the first root is relative to it; any other file has its absolute path or its URI.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from services.base.errors import BadInput
from services.base.store.interface import Entry, ReadableStore, Store
from services.base.store.names import below, is_absolute
from services.base.store.open import join_uri, open_store


def open_inputs(roots: Sequence[str], *, must_exist: bool = False, follow_links: bool = False) -> ReadableStore:
    """A store for names as a run's list of clips has them: of a single root the root's own. Raises BadConfig."""
    stores = [open_store(root, must_exist=must_exist, follow_links=follow_links) for root in roots]
    return stores[0] if len(stores) == 1 else InputRoots(roots, stores)


class InputRoots:
    """A ReadableStore over several roots. uri, and what is listed without a prefix, are of the first."""

    def __init__(self, roots: Sequence[str], stores: Sequence[Store]) -> None:
        self._first = stores[0]
        # A root may be named by a link: its files go by either name. Of nested roots the inner one is asked.
        named = [(text, store) for root, store in zip(roots, stores, strict=True) for text in {root, store.uri}]
        self._named = sorted(named, key=lambda pair: -len(pair[0].rstrip("/")))

    @property
    def uri(self) -> str:
        return self._first.uri

    def check_root(self) -> None:
        for _, store in self._named:
            store.check_root()

    def list(self, prefix: str = "", *, directories: bool = False) -> Iterator[Entry]:
        store, name, root = self._find(prefix)
        for entry in store.list(name, directories=directories):
            yield entry if not root else entry._replace(name=join_uri(root, entry.name))

    def stat(self, name: str) -> Entry | None:
        store, inside, _ = self._find(name)
        entry = store.stat(inside)
        return None if entry is None else entry._replace(name=name)

    def read(self, name: str, offset_bytes: int = 0, num_bytes: int | None = None) -> bytes:
        store, inside, _ = self._find(name)
        return store.read(inside, offset_bytes, num_bytes)

    def local_path(self, name: str) -> Path | None:
        store, inside, _ = self._find(name)
        return store.local_path(inside)

    def fetch(self, name: str, to: Path) -> None:
        store, inside, _ = self._find(name)
        store.fetch(inside, to)

    def _find(self, name: str) -> tuple[ReadableStore, str, str]:
        """(store, name in it, the root before that name; empty for the first). Raises BadInput OUTSIDE_ROOT."""
        if not is_absolute(name):
            return self._first, name, ""
        for root, store in self._named:
            inside = below(root, name)
            if inside is not None:
                return store, inside, root
        raise BadInput(
            "OUTSIDE_ROOT",
            f"{name!r} lies below no root that this run reads: name its folder with --input-root",
        )
