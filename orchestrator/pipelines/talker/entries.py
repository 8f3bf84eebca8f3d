"""PURE: the videos that a list or a JSON config names, each with the name of its folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.base.errors import BadConfig
from services.formats.talker.names import FOLDER_NAME, is_folder_name

VIDEO_ENDINGS = (".mp4", ".avi", ".mov", ".mkv", ".webm")
_QUOTED = re.compile(r"""(?P<quote>["'])(?P<path>.+?)(?P=quote)(?:\s+(?P<name>\S+))?""")
_KEYS = ("path", "video_path", "name", "asr_model")
_SHOWN = 3


@dataclass(frozen=True)
class VideoEntry:
    """A video and the name of the person's folder. asr_model: empty where the command's holds. place: for messages.

    Raises BadConfig BAD_NAME for a name that is no folder's on every system.
    """

    path: str
    name: str
    asr_model: str = ""
    place: str = ""

    def __post_init__(self) -> None:
        if not self.path:
            raise BadConfig("BAD_LIST", f"{self.place} names no video: give its path")
        if not is_folder_name(self.name):
            raise BadConfig(
                "BAD_NAME",
                f"{self.place}name {self.name!r} of {self.path} must be {FOLDER_NAME}: give the video such a name; it "
                "becomes a folder",
            )


def stem_of(path: str) -> str:
    r"""The name of a file without its folder and ending, whichever of `/` and `\\` separates them."""
    base = re.split(r"[/\\]", path.rstrip("/\\"))[-1]
    return base.rpartition(".")[0] or base


def entries_of_list(text: str, place: str) -> list[VideoEntry]:
    """`PATH NAME` a line, or a path alone, whose stem is the name; paths with blanks may be quoted. place: of the list,
    for messages. Raises BadConfig BAD_LIST, BAD_NAME.
    """
    found = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            path, name = _parted(stripped)
            found.append(VideoEntry(path, name or stem_of(path), place=f"{place}, line {number}: "))
    return _checked(found, place)


def _parted(line: str) -> tuple[str, str]:
    if quoted := _QUOTED.fullmatch(line):
        return quoted["path"], quoted["name"] or ""
    path, blank, name = line.rpartition(" ") if "\t" not in line else line.rpartition("\t")
    # What ends as a video does is the end of a path with blanks, and no name.
    if not blank or name.lower().endswith(VIDEO_ENDINGS):
        return line, ""
    return path.strip(), name


def entries_of_json(text: str, asr_models: Sequence[str], place: str) -> list[VideoEntry]:
    """{"videos": [{"path", "name", "asr_model"?}]}, or the list alone, or one such object; `video_path` is `path`.

    asr_models: those that an entry may name. Raises BadConfig BAD_LIST, BAD_NAME.
    """
    try:
        values = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise BadConfig("BAD_LIST", f"{place} is no JSON ({error}): correct it") from error
    if isinstance(values, Mapping) and "videos" in values:
        if unknown := sorted(set(values) - {"videos"}):
            raise BadConfig("BAD_LIST", f"{place} has the unknown key {unknown[0]!r} beside 'videos': remove it")
        values = values["videos"]
    if isinstance(values, Mapping):
        values = [values]
    if not isinstance(values, list):
        raise BadConfig(
            "BAD_LIST", f'{place} must be {{"videos": [{{"path", "name"}}]}} or that list, not {values!r:.60}'
        )
    return _checked(
        [_of_object(value, asr_models, f"{place}, video {i}: ") for i, value in enumerate(values, 1)], place
    )


def _of_object(value: Any, asr_models: Sequence[str], place: str) -> VideoEntry:
    if isinstance(value, Mapping) and (unknown := sorted(set(value) - set(_KEYS))):
        raise BadConfig("BAD_LIST", f"{place}unknown key {unknown[0]!r}: there are {', '.join(_KEYS)}")
    if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
        raise BadConfig("BAD_LIST", f"{place}must be an object of texts such as path and name, not {value!r:.60}")
    paths = [value[key] for key in ("path", "video_path") if value.get(key)]
    if len(paths) != 1:
        raise BadConfig("BAD_LIST", f"{place}must have a path, and one alone")
    asr_model = value.get("asr_model", "")
    if asr_model and asr_model not in asr_models:
        raise BadConfig("BAD_LIST", f"{place}asr_model {asr_model!r} must be one of {', '.join(asr_models)}")
    return VideoEntry(paths[0], value.get("name") or stem_of(paths[0]), asr_model, place)


def entries_of_folder(names: Iterable[str], folder: str) -> list[VideoEntry]:
    """The videos among the names of a folder's files, sorted; shadow files that macOS leaves (`._x`) are none."""
    videos = sorted(name for name in names if name.lower().endswith(VIDEO_ENDINGS) and not name.startswith("._"))
    found = [
        VideoEntry(f"{folder.rstrip('/')}/{name}", stem_of(name), place=f"--video-dir {folder}: ") for name in videos
    ]
    return _checked(found, f"--video-dir {folder}")


def _checked(found: list[VideoEntry], place: str) -> list[VideoEntry]:
    """The entries. Raises BadConfig EMPTY_LIST, DUPLICATE_NAME."""
    if not found:
        raise BadConfig("EMPTY_LIST", f"{place} names no video: {', '.join(VIDEO_ENDINGS)} are read")
    by_name: dict[str, VideoEntry] = {}
    clashes = list(_clashes(found, by_name))
    if clashes:
        more = f"; and {len(clashes) - _SHOWN} more" if len(clashes) > _SHOWN else ""
        raise BadConfig("DUPLICATE_NAME", f"{place}: {'; '.join(clashes[:_SHOWN])}{more}: give each a name of its own")
    return found


def _clashes(found: Iterable[VideoEntry], by_name: dict[str, VideoEntry]) -> Iterator[str]:
    for entry in found:
        other = by_name.setdefault(entry.name.casefold(), entry)
        if other is not entry:
            how = "the same name" if other.name == entry.name else "names that differ by case alone"
            yield f"{other.path} ({other.name}) and {entry.path} ({entry.name}) have {how}"
