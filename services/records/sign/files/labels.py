"""labels.csv: a line a clip, sorted by file, upserted; and the tables that labels are taken from. Pure."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.base.errors import BadConfig
from services.base.media.clip import MAX_ID

HEADER = ("file", "gloss", "cat", "occluded")
_SEPARATORS = ",;\t|"
GLOSS_COLUMNS = ("gloss_id", "label", "cat_id", "category")
_GLOSS_HEADER = GLOSS_COLUMNS[:3]
_KNOWN = frozenset({*HEADER, *GLOSS_COLUMNS})
_NAMES = frozenset({"file", "label"})
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
    """What two names of one clip's file share: the original's readers also take names without the ending.

    Letters may be composed or not, and a table keeps no space about a name.
    """
    return composed(file.strip().removesuffix(".npz").strip())


def upsert(kept: Iterable[LabelRow], made: Iterable[LabelRow]) -> list[LabelRow]:
    """One row a clip: those made replace those kept, later ones earlier ones."""
    by_file = {row.file: row for row in made}
    ours = {same_clip(file) for file in by_file}
    others = {same_clip(row.file): row for row in kept if same_clip(row.file) not in ours}
    return sorted([*others.values(), *by_file.values()])


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
    header, _ = header_of(text_of(data, "BAD_LABEL_MAP"), {*_GLOSS_HEADER, *_MAP_HEADER})
    if "gloss_id" in header and set(_MAP_HEADER) <= set(header):
        raise BadConfig(
            "BAD_LABEL_MAP",
            f"it has the columns {', '.join(_MAP_HEADER)} of clips and gloss_id of folders: leave one kind out",
        )
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


@dataclass(frozen=True)
class Record:
    """A line of a table. number: of its last line in the file. text: as it stands, with its line's end.

    values: without spaces about them. is_head: it is the header, or names the separator.
    """

    number: int
    text: str
    values: tuple[str, ...]
    is_head: bool


def _read(data: bytes, columns: Iterable[str], reason: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """(number of the line, its values) of each line that says something."""
    text = text_of(data, reason)
    wanted = tuple(columns)
    header, separator = header_of(text, wanted)
    if missing := sorted(set(wanted) - set(header)):
        raise BadConfig(
            reason,
            f"it lacks the column {', '.join(missing)}; its first line is {_first_line(text)!r}: put the line "
            f"{','.join(wanted)!r} above it, if it has no header",
        )
    if twice := sorted({name for name in header if name and header.count(name) > 1}):
        raise BadConfig(reason, f"it has two columns {twice[0]!r}: keep one")
    for record in records_of(text, separator, header, reason):
        if record.is_head:
            continue
        row = dict(zip(header, [*record.values, *[""] * len(header)], strict=False))
        if nameless := [name for name in wanted if name in _NAMES and not row[name]]:
            raise BadConfig(reason, f"line {record.number} has no {nameless[0]}: name it, or take the line out")
        yield record.number, row


def records_of(text: str, separator: str, header: Sequence[str], reason: str) -> Iterator[Record]:
    """Every line that says something. Raises BadConfig of this reason for one that cannot be read."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line

    reader = csv.reader(lines(), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for values in reader:
            stripped, whole = tuple(value.strip() for value in values), "".join(taken)
            taken.clear()
            is_head = _says_separator(whole) or _columns(stripped) == list(header)
            if not is_head and any(stripped[len(header) :]):
                raise BadConfig(
                    reason,
                    f"line {reader.line_num} has {len(stripped)} values under {len(header)} columns: quote a value "
                    f"that holds {separator!r}, or name its column",
                )
            if any(stripped):
                yield Record(reader.line_num, whole, stripped, is_head)
    except csv.Error as error:
        raise BadConfig(
            reason, f"line {reader.line_num} cannot be read as a table ({error}): fix its quotes"
        ) from error


def header_of(text: str, wanted: Iterable[str]) -> tuple[list[str], str]:
    """Names of the first line, and the separator under which it holds most of the columns; a comma where none does.

    Names that mean something here are in lower case, however they are written.
    """
    first, wanted = _first_line(text), set(wanted)
    found = [(_columns(_split(first, mark)), mark) for mark in _SEPARATORS]
    return max(found, key=lambda one: len(wanted & set(one[0])))


def _columns(names: Iterable[str]) -> list[str]:
    stripped = [name.strip() for name in names]
    return [name.lower() if name.lower() in _KNOWN else name for name in stripped]


def _split(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return []


def _first_line(text: str) -> str:
    """The first line that says something; a spreadsheet may write `sep=;` before it."""
    lines = (line.strip("\r\n ") for line in io.StringIO(text, newline=""))
    return next((line for line in lines if line and not _says_separator(line)), "")


def _says_separator(line: str) -> bool:
    return line.lower().lstrip(' "').startswith("sep=")


def text_of(data: bytes, reason: str) -> str:
    """The text of a table, without a byte order mark. Raises BadConfig of this reason."""
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
