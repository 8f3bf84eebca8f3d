"""Where the video of a row lies among the files of a data set. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from services.training.data.lips.table import LipsRow

_VIDEO = re.compile(r".+\.(mp4|avi|mov|mkv|webm|mpg)", re.IGNORECASE)
_FACE = "_FACE"
_SLIDES = "_PPT"


def is_video(name: str) -> bool:
    """By the ending of a file's name."""
    return _VIDEO.fullmatch(name) is not None


class VideoFiles:
    """The videos below a root, by their names. Slides are none of them."""

    def __init__(self, names: Iterable[str]) -> None:
        """names: of all files, `/`-separated, below the root."""
        found = sorted(name for name in names if is_video(name) and not _stem(name).endswith(_SLIDES))
        self._names = frozenset(found)
        self._of_base: dict[str, list[str]] = {}
        self._of_stem: dict[str, list[str]] = {}
        for name in found:
            self._of_base.setdefault(PurePosixPath(name).name, []).append(name)
            self._of_stem.setdefault(_stem(name).removesuffix(_FACE), []).append(name)

    def __len__(self) -> int:
        return len(self._names)

    def of(self, row: LipsRow, folder: str) -> list[str]:
        """The row's video: by its path below folder without the path's first part, as it is, and below the root; by its
        name; by the id. Of several of one name, that below folder. None where there is none; several where it cannot be
        told which.
        """
        path = row.face.replace("\\", "/").strip("/")
        rest = path.partition("/")[2] or path
        for place in (f"{folder}/{rest}", f"{folder}/{path}", rest, path):
            if place in self._names:
                return [place]
        named = self._of_base.get(PurePosixPath(path).name, []) if path else []
        return _below(named, folder) or _below(self._of_stem.get(row.key, []), folder)


def _below(names: Sequence[str], folder: str) -> list[str]:
    """Those below the folder, and all where none is."""
    return [name for name in names if name.startswith(f"{folder}/")] or list(names)


def _stem(name: str) -> str:
    return PurePosixPath(name).stem
