"""Names of files beyond one root: absolute paths and URIs. Pure."""

from __future__ import annotations

import posixpath


def is_absolute(name: str) -> bool:
    """Whether a name is an absolute path or a URI; no name below a root is either."""
    return name.startswith("/") or "://" in name


def below(root: str, path: str) -> str | None:
    """The path's name below the root, "" for the root itself; None where it is not below it. Both are absolute."""
    root = root.rstrip("/")
    if path.rstrip("/") == root:
        return ""
    return path[len(root) + 1 :] if path.startswith(f"{root}/") else None


def normal(path: str) -> str:
    """An absolute path or URI without `.` and `..`, as far as these stay within it."""
    scheme, found, rest = path.partition("://")
    if not found:
        return posixpath.normpath(path)
    bucket, slash, key = rest.partition("/")
    # Above a bucket there is nothing, as there is nothing above `/`.
    inside = posixpath.normpath(f"/{key}")
    return f"{scheme}://{bucket}{inside if slash and inside != '/' else ''}"
