"""A root that means the same in every process. Pure but for the working directory."""

from __future__ import annotations

from pathlib import Path


def absolute(root: str) -> str:
    """A root that means the same in a worker: an absolute path, or the uri as it is, or nothing as nothing."""
    return root if "://" in root or not root else str(Path(root).expanduser().absolute())
