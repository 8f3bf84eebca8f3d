"""labels.csv: a line a clip, sorted by file, upserted; and the tables that labels are taken from. Pure."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from services.base.errors import BadConfig

HEADER = ("file", "gloss", "cat", "occluded")
# Readers hold ids in int64.
MAX_ID = (1 << 63) - 1
_SEPARATORS = ",;\t|"
_GLOSS_HEADER = ("gloss_id", "label", "cat_id")
GLOSS_COLUMNS = ("gloss_id", "label", "cat_id", "category")
_MAP_HEADER = ("file", "gloss")


class LabelRow(NamedTuple):
    """file: the npz below the output root. gloss, cat: ids from 0. occluded: 0 or 1."""

    file: str
    gloss: int
    cat: int
    occluded: int


class Gloss(NamedTuple):
    """A word of the vocabulary, and its category; names are empty where only ids are known."""

    gloss: int
    label: str
    cat: int
    category: str = ""


@dataclass(frozen=True)
class MapRow:
    """A line of a table that labels clips. number: of the line. file: as it stands there, by which a clip is named."""

    number: int
    file: str
    gloss: int
    cat: int

    @property
    def label(self) -> tuple[int, int]:
        return self.gloss, self.cat


def render_labels(rows: Iterable[LabelRow]) -> bytes:
    """The file, sorted by name."""
    return _render(HEADER, sorted(rows))


def parse_labels(data: bytes) -> list[LabelRow]:
    """Rows of a labels.csv; one without the column `occluded` gets 0 there. Raises BadConfig BAD_LABELS."""
    rows = []
    for number, row in _read(data, ("file", "gloss", "cat"), "BAD_LABELS"):
        occluded = _whole(row.get("occluded") or "0", "occluded", number, "BAD_LABELS")
        gloss, cat = (_whole(row[name], name, number, "BAD_LABELS") for name in ("gloss", "cat"))
        rows.append(LabelRow(row["file"], gloss, cat, occluded))
    return rows


def same_clip(file: str) -> str:
    """What two names of one clip's file share: the original's readers also take names without the ending."""
    return file.removesuffix(".npz")


def upsert(kept: Iterable[LabelRow], made: Iterable[LabelRow]) -> list[LabelRow]:
    """One row a clip: those made replace those kept, later ones earlier ones."""
    by_clip = {same_clip(row.file): row for row in kept}
    by_clip.update((same_clip(row.file), row) for row in made)
    return sorted(by_clip.values())


def parse_clip_map(data: bytes) -> list[MapRow]:
    """Rows of a table with the columns file, gloss and, if it likes, cat (else the gloss).

    Raises BadConfig BAD_LABEL_MAP. Which clip a file names, and whether one has two labels, is for who knows the clips.
    """
    rows = []
    for number, row in _read(data, _MAP_HEADER, "BAD_LABEL_MAP"):
        gloss = _whole(row["gloss"], "gloss", number, "BAD_LABEL_MAP")
        cat = _whole(row["cat"], "cat", number, "BAD_LABEL_MAP") if row.get("cat") else gloss
        rows.append(MapRow(number, row["file"], gloss, cat))
    return rows


def other_columns(data: bytes, known: Iterable[str]) -> tuple[str, ...]:
    """Columns of a table beside the known ones that say something in some line. Raises BadConfig BAD_LABELS."""
    columns = set(known)
    found: dict[str, None] = {}
    for _, row in _read(data, ("file",) if "file" in columns else ("label",), "BAD_LABELS"):
        found.update((name, None) for name, value in row.items() if value and name not in columns)
    return tuple(found)


def parse_glosses(data: bytes) -> list[Gloss]:
    """Rows of a CSV with the columns gloss_id, label, cat_id and, if it likes, category.

    Raises BadConfig BAD_LABEL_MAP, also for a label that stands there twice with other ids.
    """
    by_label: dict[str, Gloss] = {}
    for number, row in _read(data, _GLOSS_HEADER, "BAD_LABEL_MAP"):
        gloss_id, cat_id = (_whole(row[name], name, number, "BAD_LABEL_MAP") for name in ("gloss_id", "cat_id"))
        gloss = Gloss(gloss_id, composed(row["label"]), cat_id, composed(row.get("category") or ""))
        if by_label.setdefault(gloss.label, gloss) != gloss:
            raise BadConfig("BAD_LABEL_MAP", f"line {number}: {gloss.label!r} has other ids before: keep one")
    return list(by_label.values())


def is_gloss_table(data: bytes) -> bool:
    """Whether a mapping is of glosses by name (gloss_id, label, ...) and not of clips by file."""
    header, _ = _header(_text(data, "BAD_LABEL_MAP"), _GLOSS_HEADER)
    return "gloss_id" in header


def composed(name: str) -> str:
    """A name with composed letters (NFC): archives of macOS hold decomposed ones, and both are one name."""
    return unicodedata.normalize("NFC", name)


def render_glosses(glosses: Iterable[Gloss]) -> bytes:
    """The table of reference, by id."""
    rows = sorted(glosses)
    return _render(GLOSS_COLUMNS, rows)


def _render(header: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def _read(data: bytes, columns: Iterable[str], reason: str) -> Iterable[tuple[int, Mapping[str, str]]]:
    """(number of the line, its values) of each line that says something."""
    text = _text(data, reason)
    columns = tuple(columns)
    header, separator = _header(text, columns)
    if missing := sorted(set(columns) - set(header)):
        raise BadConfig(
            reason,
            f"it lacks the column {', '.join(missing)}; its first line is {_first_line(text)!r}: put the line "
            f"{','.join(columns)!r} above it, if it has no header",
        )
    if twice := sorted({name for name in header if name and header.count(name) > 1}):
        raise BadConfig(reason, f"it has two columns {twice[0]!r}: keep one")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for values in reader:
            number, stripped = reader.line_num, [value.strip() for value in values]
            says_separator = number == 1 and bool(stripped) and stripped[0].lower().startswith("sep=")
            if says_separator or stripped == header or not any(stripped):
                continue
            if any(stripped[len(header) :]):
                raise BadConfig(
                    reason,
                    f"line {number} has {len(stripped)} values under {len(header)} columns: quote a value that holds "
                    f"{separator!r}, or name its column",
                )
            yield number, dict(zip(header, [*stripped, *[""] * len(header)], strict=False))
    except csv.Error as error:
        raise BadConfig(
            reason, f"line {reader.line_num} cannot be read as a table ({error}): mend its quotes"
        ) from error


def _header(text: str, columns: Iterable[str]) -> tuple[list[str], str]:
    """Names of the first line, and the separator under which it holds most of the columns; a comma where none does."""
    first, wanted = _first_line(text), set(columns)
    found = [([name.strip().strip('"') for name in first.split(mark)], mark) for mark in _SEPARATORS]
    return max(found, key=lambda one: len(wanted & set(one[0])))


def _first_line(text: str) -> str:
    """The first line that says something; a spreadsheet may write `sep=;` before it."""
    lines = (line.strip("\r\n ") for line in text.splitlines())
    return next((line for line in lines if line and not line.lower().startswith("sep=")), "")


def _text(data: bytes, reason: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadConfig(reason, f"it is not UTF-8 ({error}): save it as UTF-8") from error


def _whole(text: str, name: str, number: int, reason: str) -> int:
    # int() takes 1_0, +3 and digits of other scripts too.
    value = int(text) if text.isascii() and text.isdecimal() else -1
    if not 0 <= value <= MAX_ID:
        raise BadConfig(reason, f"line {number}: {name} must be a whole number from 0 to {MAX_ID}, not {text!r}")
    return value
