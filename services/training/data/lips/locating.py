"""Where the video of a row lies among the files of a data set. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from services.training.data.lips.table import TABLES, LipsRow

_VIDEO = re.compile(r".+\.(mp4|avi|mov|mkv|webm|mpg)", re.IGNORECASE)
_FACE = "_FACE"
_SLIDES = "_PPT"


class LeftOutRow(NamedTuple):
    """A line of a table that nothing is learnt from, and why."""

    key: str
    split: str
    line: int
    reason: str
    message: str


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


def located(
    split: str, rows: Sequence[LipsRow], files: VideoFiles, folder: str
) -> tuple[list[tuple[LipsRow, str]], list[LeftOutRow]]:
    """Each row of the split's table with its video, and those without one, with reasons: BAD_ID, NO_TEXT,
    VIDEO_MISSING, VIDEO_AMBIGUOUS. folder: as of `VideoFiles.of`.
    """
    found, left_out, seen = [], [], set()
    for row in rows:
        names = files.of(row, folder)
        if not row.key or row.key in seen:
            reason, why = "BAD_ID", "has no id" if not row.key else f"has the id {row.key} of a line before it"
        elif not row.text:
            reason, why = "NO_TEXT", "has no text"
        elif not names:
            reason, why = "VIDEO_MISSING", f"has no video: neither {row.face or 'its path'} nor {row.key} is found"
        elif len(names) > 1:
            reason, why = "VIDEO_AMBIGUOUS", f"may mean {len(names)} videos, such as {names[0]} and {names[1]}"
        else:
            seen.add(row.key)
            found.append((row, names[0]))
            continue
        left_out.append(LeftOutRow(row.key, split, row.line, reason, f"line {row.line} of {TABLES[split]} {why}"))
    return found, left_out


def _below(names: Sequence[str], folder: str) -> list[str]:
    """Those below the folder, and all where none is."""
    return [name for name in names if name.startswith(f"{folder}/")] or list(names)


def _stem(name: str) -> str:
    return PurePosixPath(name).stem
