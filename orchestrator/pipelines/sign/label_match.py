"""Which clip a line of a label map means: exactly one, or the line is refused or reported as nobody's. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.base.errors import BadConfig
from services.records.sign.files.labels import MapRow, composed

Label = tuple[int, int]


def label_clips(
    names: Mapping[str, str], rows: Sequence[MapRow], *input_roots: str
) -> tuple[dict[str, Label], list[str]]:
    """(path -> (gloss, cat), files of the lines that mean no clip). names: path -> output name of every file there is.

    A line means the clip of its path below the root, else the one whose path without its ending or whose output name
    it is; a path may stand below a root's own name or its whole path. A bare name, without folders or `./`, also
    means the one clip of that name in any folder. The first of these that fits decides. Letters may be composed or not,
    endings in upper or lower case, and folders parted by backslashes. Raises BadConfig BAD_LABEL_MAP for a line that
    fits several clips, and for two labels of one clip.
    """
    steps = _steps(names)
    label_of: dict[str, Label] = {}
    line_of: dict[str, MapRow] = {}
    unused = []
    for row in rows:
        clip = _clip_of(row, steps, _spellings(row.file, input_roots))
        if clip is None:
            unused.append(row.file)
        elif label_of.setdefault(clip, row.label) != row.label:
            before = line_of[clip]
            raise BadConfig(
                "BAD_LABEL_MAP",
                f"line {row.number}: {row.file!r} gives {clip} the label {_shown(row, before)}, and line "
                f"{before.number}, {before.file!r}, gave it {_shown(before, row)}: keep one",
            )
        else:
            line_of.setdefault(clip, row)
    return label_of, sorted(set(unused))


def _shown(row: MapRow, other: MapRow) -> str:
    return str(row.gloss) if row.gloss != other.gloss else f"{row.gloss} of category {row.cat}"


@dataclass(frozen=True)
class _Step:
    """A table of spelling -> clips. For bare names alone, for paths alone, or for both; lower: endings are lowered."""

    clips: Mapping[str, list[str]]
    bare: bool = True
    paths: bool = True
    lower: bool = False


def _steps(names: Mapping[str, str]) -> list[_Step]:
    """The most exact first: a name with an ending is another file's before it is one without its ending."""
    outputs = [(text, path) for path, name in names.items() for text in (name, f"{name}.npz")]
    without = [(_without_ending(path), path) for path in names]
    return [
        _Step(_index((path, path) for path in names)),
        _Step(_index((_lower_ending(path), path) for path in names), lower=True),
        _Step(_index((_base(path), path) for path in names), paths=False),
        _Step(_index((_lower_ending(_base(path)), path) for path in names), paths=False, lower=True),
        _Step(_index([*without, *outputs]), paths=False),
        _Step(_index(without), bare=False),
        _Step(_index((text, path) for path in names for text in (_stem(path), f"{_stem(path)}.npz")), paths=False),
    ]


def _index(spellings: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    """spellings: (one of a clip, its path)."""
    found: dict[str, list[str]] = {}
    for spelling, path in spellings:
        # A table keeps no space about a name.
        clips = found.setdefault(composed(spelling).strip(), [])
        if path not in clips:
            clips.append(path)
    return found


def _without_ending(path: str) -> str:
    return path.removesuffix(_base(path)) + _stem(path)


def _lower_ending(path: str) -> str:
    bare, dot, ending = path.rpartition(".")
    return bare + dot + ending.lower() if "/" not in ending else path


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(path: str) -> str:
    stem, _, _ = _base(path).rpartition(".")
    return stem or _base(path)


def _spellings(file: str, input_roots: Sequence[str]) -> list[str]:
    """The file as a path below a root, the likeliest first."""
    path = composed(file.replace("\\", "/"))
    while path.startswith("./"):
        path = path[2:]
    found = [path]
    roots = [composed(root.rstrip("/")) for root in input_roots]
    for prefix in (*roots, *(root.rpartition("/")[2] for root in roots)):
        if prefix and path.startswith(f"{prefix}/"):
            found.append(path.removeprefix(f"{prefix}/"))
    return found


def _clip_of(row: MapRow, steps: Sequence[_Step], spellings: Sequence[str]) -> str | None:
    is_bare = not {"/", "\\"} & set(row.file)
    for spelling in spellings:
        for step in steps:
            if not (step.bare if is_bare else step.paths):
                continue
            clips = step.clips.get(_lower_ending(spelling) if step.lower else spelling, [])
            if len(clips) > 1:
                raise BadConfig(
                    "BAD_LABEL_MAP",
                    f"line {row.number}: {row.file!r} may be {', '.join(sorted(clips)[:3])}: name the one that is "
                    "meant by its path below the root",
                )
            if clips:
                return clips[0]
    return None
