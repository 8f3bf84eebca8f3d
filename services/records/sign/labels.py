"""labels.csv: a line a clip, sorted by file, upserted; and the tables that labels are taken from. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.base.errors import BadConfig

HEADER = ("file", "gloss", "cat", "occluded")


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


def parse_clip_map(data: bytes) -> dict[str, tuple[int, int]]:
    """Labels by file, (gloss, cat), of a CSV with the columns file, gloss and, if it likes, cat (else the gloss).

    Raises BadConfig BAD_LABEL_MAP, also for a file that stands there twice with two labels.
    """
    found: dict[str, tuple[int, int]] = {}
    for number, row in _read(data, ("file", "gloss"), "BAD_LABEL_MAP"):
        gloss = _whole(row["gloss"], "gloss", number, "BAD_LABEL_MAP")
        cat = _whole(row["cat"], "cat", number, "BAD_LABEL_MAP") if row.get("cat") else gloss
        if found.setdefault(row["file"], (gloss, cat)) != (gloss, cat):
            raise BadConfig("BAD_LABEL_MAP", f"line {number}: {row['file']!r} has another label before: keep one")
    return found


def parse_glosses(data: bytes) -> list[Gloss]:
    """Rows of a CSV with the columns gloss_id, label, cat_id and, if it likes, category.

    Raises BadConfig BAD_LABEL_MAP, also for a label that stands there twice with other ids.
    """
    by_label: dict[str, Gloss] = {}
    for number, row in _read(data, ("gloss_id", "label", "cat_id"), "BAD_LABEL_MAP"):
        gloss_id, cat_id = (_whole(row[name], name, number, "BAD_LABEL_MAP") for name in ("gloss_id", "cat_id"))
        gloss = Gloss(gloss_id, row["label"], cat_id, row.get("category") or "")
        if by_label.setdefault(gloss.label, gloss) != gloss:
            raise BadConfig("BAD_LABEL_MAP", f"line {number}: {gloss.label!r} has other ids before: keep one")
    return list(by_label.values())


def is_gloss_table(data: bytes) -> bool:
    """Whether a mapping is of glosses by name (gloss_id, label, ...) and not of clips by file."""
    return "gloss_id" in _text(data, "BAD_LABEL_MAP").partition("\n")[0]


def render_glosses(glosses: Iterable[Gloss]) -> bytes:
    """The table of reference, by id."""
    rows = sorted(glosses)
    return _render(("gloss_id", "label", "cat_id", "category"), rows)


def _render(header: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def _read(data: bytes, columns: Iterable[str], reason: str) -> Iterable[tuple[int, Mapping[str, str]]]:
    """(number of the line, its values) of each line that says something."""
    reader = csv.DictReader(io.StringIO(_text(data, reason), newline=""), skipinitialspace=True)
    header = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = header
    if missing := sorted(set(columns) - set(header)):
        raise BadConfig(
            reason, f"it lacks the column {', '.join(missing)}; its first line is {','.join(header)!r}: add a header"
        )
    for row in reader:
        values = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
        if any(values.values()):
            yield reader.line_num, values


def _text(data: bytes, reason: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadConfig(reason, f"it is not UTF-8 ({error}): save it as UTF-8") from error


def _whole(text: str, name: str, number: int, reason: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value < 0:
        raise BadConfig(reason, f"line {number}: {name} must be a whole number from 0 on, not {text!r}")
    return value
