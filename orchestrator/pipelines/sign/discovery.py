"""From a listing of files to sign clips and problems. Pure: nothing is opened, nothing is skipped without a word."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.pipelines.catalog import Entry, ListedFile, Problem
from services.base.errors import BadConfig

EXTENSIONS = (
    *(".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg"),
    *(".3gp", ".wmv", ".flv", ".mts", ".m2ts", ".ogv", ".gif"),
    *(".ts", ".m2t", ".vob", ".mpe", ".m1v", ".m2v", ".3g2", ".f4v", ".asf", ".ogm", ".qt"),
)
# Videos all the same: bare streams without times, containers of old players, and those that only list other files.
UNREAD_EXTENSIONS = (
    *(".h264", ".264", ".h265", ".265", ".hevc", ".vc1", ".ivf", ".yuv", ".y4m", ".obu", ".mjpeg", ".mjpg"),
    *(
        ".rm",
        ".rmvb",
        ".swf",
        ".divx",
        ".xvid",
        ".mod",
        ".tod",
        ".trp",
        ".wtv",
        ".amv",
        ".mxf",
        ".dv",
        ".nut",
        ".m3u8",
        ".mpd",
    ),
)
UNFINISHED_EXTENSIONS = (".part", ".crdownload", ".download", ".partial", ".filepart", ".tmp")
_MAX_NAME_BYTES = 200
_NUM_FORMS = 4
# Control characters, lone surrogates, and what ends a line or a paragraph.
_NOT_IN_NAMES = frozenset({"Cc", "Cs", "Zl", "Zp"})

_WHY = {
    "EMPTY_FILE": "the file holds 0 bytes: fetch it again, or delete it",
    "NOT_A_FILE": "not a file: a folder, a device, a broken link, or a name that is not UTF-8; rename or delete it",
    "ENDING_NOT_READ": "a video of a kind that is not read: convert it (ffmpeg -i FILE FILE.mp4), or move it away",
    "UNFINISHED": "a download that has not ended: fetch it again under its own name, or delete it",
    "LEAVES_ROOT": "this link leaves the input root and is not followed: copy its target here, or give --follow-links",
}


@dataclass(frozen=True)
class Discovery:
    """What a listing holds. clips: videos, by path. problems: videos that cannot be read. notes: for the user."""

    clips: tuple[ListedFile, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def is_video(name: str) -> bool:
    """Whether a file's name ends like a video's, in any case; the shadow files that macOS leaves (`._x`) are none."""
    return name.lower().endswith(EXTENSIONS) and not name.rpartition("/")[2].startswith("._")


def _unread(name: str) -> str:
    """The reason why a file that is a video by its name is not read; "" where it is none."""
    lower = name.lower()
    if lower.rpartition("/")[2].startswith("._"):
        return ""
    if lower.endswith(UNREAD_EXTENSIONS):
        return "ENDING_NOT_READ"
    whole, _, ending = lower.rpartition(".")
    is_part = f".{ending}" in UNFINISHED_EXTENSIONS and whole.endswith(EXTENSIONS + UNREAD_EXTENSIONS)
    return "UNFINISHED" if is_part else ""


def discover(entries: Iterable[Entry]) -> Discovery:
    """Videos at any depth. Raises BadConfig NO_CLIPS when there is none."""
    clips, problems, ignored = [], [], Counter[str]()
    for entry in entries:
        if entry.kind == "directory":
            continue
        if entry.kind == "outside" and not is_video(entry.name) and not _unread(entry.name):
            problems.append(Problem(entry.name, "LEAVES_ROOT", _WHY["LEAVES_ROOT"], 0))
        elif not is_video(entry.name) and (reason := _unread(entry.name)):
            problems.append(Problem(entry.name, reason, _WHY[reason]))
        elif not is_video(entry.name):
            ignored[_extension(entry.name)] += 1
        elif entry.kind != "file" or entry.size_bytes == 0:
            reason = {"file": "EMPTY_FILE", "outside": "LEAVES_ROOT"}.get(entry.kind, "NOT_A_FILE")
            problems.append(Problem(entry.name, reason, _WHY[reason]))
        else:
            clips.append(ListedFile(entry.name, entry.size_bytes, entry.version))
    if not clips and not any(problem.num_files for problem in problems):
        seen = ", ".join(f"{count} {kind}" for kind, count in sorted(ignored.items())) or "no file"
        raise BadConfig(
            "NO_CLIPS",
            f"no video below the input root: it holds {seen}. Videos end in {' '.join(EXTENSIONS)}: check the path",
        )
    notes = [f"not read, being no video: {', '.join(f'{n} {kind}' for kind, n in sorted(ignored.items()))}"]
    notes += [f"{p.path}: {p.message}" for p in problems if not p.num_files]
    return Discovery(
        tuple(sorted(clips)),
        tuple(sorted(problem for problem in problems if problem.num_files)),
        tuple(notes if ignored else notes[1:]),
    )


def output_names(paths: Sequence[str]) -> dict[str, str]:
    """The name of each path's output files, without ending: a function of the set of paths alone.

    The base name where no other clip has it, upper and lower case taken as one, else the path with `__` for `/`; with
    the ending of the video, or a digest of the path, where even that is not enough. A name of nothing but dots and
    spaces is `clip` with a digest, and one with control characters loses these and has a digest too.
    """
    form_of = dict.fromkeys(paths, 0)
    while True:
        names = {path: _form(path, form) for path, form in form_of.items()}
        counts = Counter(_folded(name) for name in names.values())
        taken = [path for path, name in names.items() if counts[_folded(name)] > 1]
        if not taken:
            return names
        for path in taken:
            form_of[path] = min(form_of[path] + 1, _NUM_FORMS - 1)


def _form(path: str, form: int) -> str:
    """The path's name, longer with each form; the last one is of that path alone."""
    bare, _, extension = path.rpartition(".")
    joined = bare.replace("/", "__")
    base = bare.rpartition("/")[2]
    name = (base, joined, f"{joined}_{extension}", joined)[form]
    cleaned = "".join(letter for letter in name if unicodedata.category(letter) not in _NOT_IN_NAMES)
    is_nameless = not base.strip(". ") or not cleaned.strip(". ")
    if form < _NUM_FORMS - 1 and not is_nameless and cleaned == name and len(name.encode()) <= _MAX_NAME_BYTES:
        return name
    kept = "clip" if is_nameless else cleaned
    short = kept.encode()[-(_MAX_NAME_BYTES - 20) :].decode(errors="ignore")
    return f"{short}__{hashlib.sha256(path.encode(errors='surrogateescape')).hexdigest()[:16]}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _extension(path: str) -> str:
    name = path.rpartition("/")[2]
    stem, dot, extension = name.rpartition(".")
    return f".{extension.lower()}" if stem and dot else "without an ending"
