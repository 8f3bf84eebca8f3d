"""Opening a store by its uri: a local folder or an S3 bucket."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from services.base.errors import BadConfig
from services.base.store.interface import Store


def join_uri(uri: str, *parts: str) -> str:
    """The uri of a root below another: `join_uri("s3://b/out", ".visemill")`."""
    return "/".join([uri.rstrip("/"), *(part.strip("/") for part in parts)])


def open_store(uri: str | Path, *, must_exist: bool = False, follow_links: bool = False) -> Store:
    """The store at a path, a `file:` uri or `s3://bucket/prefix`.

    must_exist: raises BadConfig ROOT_MISSING where there is no such folder, bucket, or object below the prefix; without
    it a missing folder lists as empty and is made by the first write (a bucket is never made). follow_links: also lists
    and reads what symlinks name outside the root.
    """
    text = os.fspath(uri)
    scheme = urlsplit(text).scheme if "://" in text else ""
    if scheme == "s3":
        from services.base.store.s3.bucket import open_bucket

        return open_bucket(text, must_exist=must_exist)
    if scheme not in ("", "file"):
        raise BadConfig("BAD_URI", f"{scheme}:// is no store of ours; give a path, file:///path or s3://bucket/prefix")
    from services.base.store.local.folder import LocalFolder

    path = unquote(urlsplit(text).path) if scheme else text
    if not path:
        raise BadConfig("BAD_URI", f"{text!r} names no folder; give a path, file:///path or s3://bucket/prefix")
    return LocalFolder(Path(path), must_exist=must_exist, follow_links=follow_links)
