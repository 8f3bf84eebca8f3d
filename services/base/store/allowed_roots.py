"""Roots that callers may name things under: opened when they are there, found by the names below them."""

from __future__ import annotations

import threading
import urllib.parse
from collections.abc import Sequence

from services.base.errors import BadConfig, BadInput, Transient
from services.base.store.interface import Store
from services.base.store.open import open_store


class AllowedRoots:
    """Folders and buckets, each of which may come later. Raises BadConfig for what can be none. Threads may share it.

    The store behind each refuses `..`, links that leave it, what is not a file.
    """

    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = {root.rstrip("/"): root for root in roots}
        self._stores: dict[str, Store] = {}
        self._opening = threading.Lock()
        # What can be no root, such as a bad bucket's name, is known without the bucket.
        self._open_those_there()

    def check(self) -> None:
        """Returns when every root can be reached now. Raises BadConfig ROOT_MISSING or BUCKET_MISSING, or Transient."""
        for root in self._roots:
            self._store(root).check_root()

    def find(self, uri: str) -> tuple[Store, str]:
        """The store below which the URI lies, and the name in it.

        Raises BadInput URI_REFUSED, Transient ROOT_MISSING where the root it lies below has not come yet.
        """
        if not self._roots:
            raise BadInput(
                "URI_REFUSED", f"{uri!r}: this server reads no URIs: start it with --allow-root, or send the bytes"
            )
        path = _path_of(uri)
        for root in self._roots:
            store = self._stores.get(root)
            prefixes = (root,) if store is None else (root, store.uri.rstrip("/"))
            if (prefix := next((p for p in prefixes if path.startswith(p + "/")), None)) is None:
                continue
            try:
                return self._store(root), path[len(prefix) + 1 :]
            except BadConfig as error:
                raise Transient(error.reason, error.message, error.detail) from error
        raise BadInput("URI_REFUSED", f"{uri!r} is below none of the roots that this server was started with")

    def _open_those_there(self) -> None:
        for root in self._roots:
            try:
                self._store(root)
            except BadConfig as error:
                if error.reason not in ("ROOT_MISSING", "NOT_READABLE"):
                    raise

    def _store(self, root: str) -> Store:
        """Opened once it is there: where a folder's links lead is decided then, once."""
        with self._opening:
            if root not in self._stores:
                # A bucket's own check asks for the bucket alone: an empty one is there.
                self._stores[root] = open_store(self._roots[root], must_exist=not root.startswith("s3://"))
            return self._stores[root]


def _path_of(uri: str) -> str:
    if not uri.startswith("file:"):
        return uri
    parts = urllib.parse.urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        raise BadInput("URI_REFUSED", f"{uri!r} names the host {parts.netloc!r}: a file URI must be file:///path")
    return urllib.parse.unquote(parts.path)
