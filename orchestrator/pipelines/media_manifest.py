"""A data set that a manifest names, row by row: clips with their attributes, and a finding for each line that is none.

Rows are read one at a time and kept in columns; media are looked up as a worker will find them.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from orchestrator.pipelines.base import Inputs
from orchestrator.pipelines.catalog import ClipColumns, frozen_rows
from orchestrator.pipelines.files import folder_of
from orchestrator.pipelines.media_lookup import Found, MediaLookup, NotFound, is_plain
from orchestrator.pipelines.text_column import TextColumn
from services.base.run.manifest import ClipTable
from services.base.run.spec import QuarantineEntry
from services.base.store.interface import is_name
from services.formats.manifests import BAD_JSON, BadLine, Record, format_of, read_manifest

_ENDS_LINE = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True)
class Columns:
    """Names of a manifest's fields; empty: it has none of that kind. id and media must be there.

    kind: what its media are, as reasons begin: MEDIA_MISSING, or AUDIO_MISSING. needs_text: whether a line without text
    is no clip.
    """

    id: str = "id"
    media: str = "audio"
    speaker: str = "speaker"
    text: str = "text"
    language: str = "language"
    duration_s: str = "duration"
    kind: str = "MEDIA"
    needs_text: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """Those that are kept as they are."""
        return self.speaker, self.text, self.language, self.media


class LineProblem(NamedTuple):
    """Why a line of a manifest is no clip. line: from 1. id: as it stands there, empty where it has none.

    reason: NO_ID, BAD_ID, DUPLICATE_ID, NO_TEXT, MEDIA_MISSING, MEDIA_OUTSIDE (or of another kind), BAD_JSON or
    BAD_ROW. media: as the manifest names it, or where it would lie; empty where that is not known. duration_s: as
    stated.
    """

    line: int
    id: str
    reason: str
    message: str
    media: str = ""
    duration_s: float | None = None

    def entry(self, manifest: str) -> QuarantineEntry:
        """As a run tells of it."""
        message = f"line {self.line} of {manifest}: {self.message}"
        named = self.media or manifest
        return QuarantineEntry(self.id or named, named, "none", "BAD_INPUT", self.reason, message, line=self.line)


@dataclass
class ManifestClips:
    """What a manifest names. clips: in its order. lines: number of the line of each. problems: by line.

    roots: where media lie that are below no input root.
    """

    clips: ClipColumns = field(default_factory=ClipColumns)
    lines: array[int] = field(default_factory=lambda: array("q"))
    problems: list[LineProblem] = field(default_factory=list)
    roots: tuple[str, ...] = ()

    def frozen(self, num_shards: int, split: Callable[[str], str]) -> ClipTable:
        """The rows of the frozen list. split: (id) -> its split."""
        splits = [split(key) for key in self.clips.keys]
        return frozen_rows(self.clips, splits, num_shards)


def search_order(inputs: Inputs, manifest: str, *, roots_first: bool = False) -> tuple[str, ...]:
    """Where a relative path is looked for: beside the manifest, then below each input root; or the other way round."""
    roots = [root for root in inputs.input_roots if root]
    places = [*roots, folder_of(manifest)] if roots_first else [folder_of(manifest), *roots]
    return tuple(dict.fromkeys(places))


def read_clips(
    inputs: Inputs,
    flag: str,
    manifest: str,
    columns: Columns,
    search: Sequence[str],
    header: Sequence[str] = (),
    max_clips: int = 0,
) -> ManifestClips:
    """Reads a manifest of JSON lines, or of CSV by its ending. flag: that names it.

    search: roots below which a relative path is looked for, in that order; a path with `..`, an absolute one and a URI
    are as they are. header: names of the columns of a CSV without a header. max_clips: the lines after so many clips
    are not read; 0: all are. Of lines with one id the first counts, whatever is wrong with its media. Raises BadConfig
    NOT_READABLE, BAD_MANIFEST.
    """
    found = ManifestClips()
    ids, id_lines, are_clips = TextColumn(), array("q"), array("b")
    lookup = MediaLookup(inputs, search)
    pieces = inputs.files.pieces(flag, manifest)
    records = read_manifest(pieces, format_of(manifest), header, (columns.id, columns.media))
    for looked_up in lookup.batches(_checked(records, columns, found.problems), lambda record: _named(record, columns)):
        batch = _until(looked_up, max_clips - len(found.lines)) if max_clips else looked_up
        ids.extend(_id_of(record, columns) for record, _ in batch)
        id_lines.extend(record.number for record, _ in batch)
        are_clips.extend(isinstance(media, Found) for _, media in batch)
        _add(found, batch, columns)
        if max_clips and len(found.lines) == max_clips:
            # Lines after it may have been looked at already.
            found.problems = [problem for problem in found.problems if problem.line <= batch[-1][0].number]
            break
    places_N = np.cumsum(np.frombuffer(are_clips, np.int8), dtype=np.int64) - 1
    again = _later_ones(ids, id_lines)
    # A line with another's id is that first, whatever else is wrong with it.
    lines = {problem.line for _, problem in again}
    found.problems = [problem for problem in found.problems if problem.line not in lines]
    found.problems += [problem for _, problem in again]
    found.problems.sort(key=lambda problem: problem.line)
    if left_out := [int(places_N[i]) for i, _ in again if are_clips[i]]:
        _leave_out(found, left_out)
    found.roots = lookup.roots()
    return found


_Batch = list[tuple[Record, Found | NotFound]]


def _until(batch: _Batch, num_clips: int) -> _Batch:
    """A batch up to its so-many-th clip."""
    places = [i for i, (_, media) in enumerate(batch) if isinstance(media, Found)]
    return batch if len(places) < num_clips else batch[: places[num_clips - 1] + 1]


def _add(found: ManifestClips, batch: _Batch, columns: Columns) -> None:
    """Those whose media were found, in columns; of the others a finding each."""
    there = [(record, media) for record, media in batch if isinstance(media, Found)]
    found.problems += [_not_found(record, media, columns) for record, media in batch if isinstance(media, NotFound)]
    found.lines.extend(record.number for record, _ in there)
    clips = found.clips
    clips.keys.extend(_id_of(record, columns) for record, _ in there)
    clips.speakers.extend(_text(record.values.get(columns.speaker)) for record, _ in there)
    clips.media.extend(
        (media.name for _, media in there),
        (media.entry.size_bytes for _, media in there),
        (media.entry.version for _, media in there),
    )
    values = [record.values for record, _ in there]
    clips.attributes.extend_speech(
        [_text(one.get(columns.text)) for one in values],
        [_text(one.get(columns.language)) for one in values],
        [_seconds(one.get(columns.duration_s)) for one in values],
        [media_named(str(one.get(columns.media) or "").strip()) for one in values],
    )


def _not_found(record: Record, media: NotFound, columns: Columns) -> LineProblem:
    if not _named(record, columns):
        message = f"it names no file in {columns.media!r}: give a path or a URI"
        return _of_record(record, columns, f"{columns.kind}_MISSING", message)
    reason = f"{columns.kind}_{'OUTSIDE' if media.is_outside else 'MISSING'}"
    return _of_record(record, columns, reason, media.message, media.place)


def _checked(records: Iterable[Record | BadLine], columns: Columns, problems: list[LineProblem]) -> Iterator[Record]:
    """Those with an id; what is wrong with the others is added to the problems."""
    for record in records:
        if isinstance(record, BadLine):
            problems.append(LineProblem(record.number, "", record.reason, record.message))
            continue
        problem = _problem_of(record, columns)
        if problem is None:
            yield record
        else:
            problems.append(problem)


def _problem_of(record: Record, columns: Columns) -> LineProblem | None:
    value = record.values.get(columns.id)
    if value is None or value == "":
        return LineProblem(record.number, "", "NO_ID", f"it has no {columns.id!r}: give each line one of its own")
    key = _id_of(record, columns)
    if not key or not is_name(key) or not (key.isprintable() or _ENDS_LINE.search(key) is None):
        shown = key.encode(errors="backslashreplace").decode() or repr(value)[:200]
        message = (
            f"{columns.id} {shown!r} names no file: give a text or a whole number, `/`-separated, without "
            "empty, `.` or `..` parts, NUL, ends of lines and halves of characters"
        )
        return LineProblem(record.number, shown, "BAD_ID", message)
    for name in columns.texts if not _are_whole(record.values, columns.texts) else ():
        if not _is_whole(record.values.get(name, "")):
            message = f"its {name!r} holds half of a character (a lone surrogate): write the text anew"
            return LineProblem(record.number, key, BAD_JSON, message)
    if columns.needs_text and not _text(record.values.get(columns.text)).strip():
        message = f"it has no {columns.text!r}: say what is spoken, or leave the line out"
        return _of_record(record, columns, "NO_TEXT", message)
    return None


def _of_record(record: Record, columns: Columns, reason: str, message: str, media: str = "") -> LineProblem:
    """A finding about a line that would be a clip without it."""
    duration_s = _seconds(record.values.get(columns.duration_s))
    return LineProblem(record.number, _id_of(record, columns), reason, message, media, duration_s)


def _are_whole(values: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether all of these are texts that can be written: asked of nearly every line, once for all its fields."""
    try:
        return _is_whole("".join([values.get(name, "") for name in names]))
    except TypeError:
        return False


def _is_whole(value: object) -> bool:
    text = value if isinstance(value, str) else str(value)
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _id_of(record: Record, columns: Columns) -> str:
    """A whole number counts as its digits; empty for what is no id."""
    value = record.values[columns.id]
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _text(value: object) -> str:
    """A field's text, empty where it has none; numbers count as their digits."""
    if type(value) is str:
        return value
    return "" if value is None or isinstance(value, list | dict) else str(value)


def media_named(value: str) -> str:
    """A path as a manifest has it, without needless `.` and `/`; a URI as it is."""
    return value if is_plain(value) or "://" in value else PurePosixPath(value).as_posix()


def _seconds(value: object) -> float | None:
    """A duration; None for what is none, for it decides nothing."""
    if type(value) is float:
        return value if 0 <= value < math.inf else None
    try:
        seconds = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < math.inf else None


def _later_ones(ids: TextColumn, lines: Sequence[int]) -> list[tuple[int, LineProblem]]:
    """(index, finding) of each id that an earlier line has. Compared as Arrow codes: objects would take 100 MB."""
    if not len(ids):
        return []
    codes_N = ids.to_arrow().dictionary_encode().indices.to_numpy()
    _, first_of_code = np.unique(codes_N, return_index=True)
    first_N = first_of_code[codes_N]
    again = np.flatnonzero(first_N != np.arange(len(codes_N))).tolist()
    found = []
    for i in again:
        before = lines[int(first_N[i])]
        message = f"line {before} has the id {ids[i]!r} already, and the first counts: give each line one of its own"
        found.append((i, LineProblem(lines[i], ids[i], "DUPLICATE_ID", message)))
    return found


def _leave_out(found: ManifestClips, indices: Sequence[int]) -> None:
    left_out = set(indices)
    kept = [i for i in range(len(found.lines)) if i not in left_out]
    found.lines = array("q", (found.lines[i] for i in kept))
    found.clips = found.clips.chosen(kept)


def _named(record: Record, columns: Columns) -> str:
    """The path that a record has; empty where it has none."""
    value = record.values.get(columns.media)
    return "" if not isinstance(value, str) or "\0" in value else value.strip()
