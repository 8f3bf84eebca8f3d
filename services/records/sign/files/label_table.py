"""A table that a user may have edited, rewritten with all that is theirs: columns, their order, separator. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.base.errors import BadConfig
from services.records.sign.files.labels import (
    GLOSS_COLUMNS,
    HEADER,
    Record,
    composed,
    header_of,
    parse_labels,
    records_of,
    same_clip,
    text_of,
)

# What a column that a table lacks holds in the rows that are there.
_MISSING = {"occluded": "0", "category": ""}
_NUMBERS = frozenset({"gloss", "cat", "occluded", "gloss_id", "cat_id"})
_KEYS = frozenset({"file", "label"})


@dataclass(frozen=True)
class TableForm:
    """How a table is written where it is not as this program writes one.

    head: all before the first row, with its line's end. columns: known ones by their own names. texts: key -> the row
    as it stands, where it would not be written so. cells: key -> values of a row that is written anew, of which only
    the columns of the user's count.
    """

    head: str
    separator: str
    newline: str
    columns: tuple[str, ...]
    texts: Mapping[str, str]
    cells: Mapping[str, Sequence[str]]

    def details(self) -> dict[str, Any]:
        """JSON-able; `form_of` reads it."""
        return {
            "head": self.head,
            "separator": self.separator,
            "newline": self.newline,
            "columns": list(self.columns),
            "texts": dict(self.texts),
            "cells": {key: list(cells) for key, cells in self.cells.items()},
        }

    def render(self, rows: Iterable[Mapping[str, object]], key_of: Callable[[Mapping[str, object]], str]) -> bytes:
        """The table with these rows, in their order. A row of a key that has a text is this text."""
        lines = [self.head]
        for row in rows:
            key = key_of(row)
            lines.append((self.texts[key] if key in self.texts else self._line(row, key)) + self.newline)
        return "".join(lines).encode()

    def _line(self, row: Mapping[str, object], key: str) -> str:
        cells = self.cells.get(key, [""] * len(self.columns))
        return _line([row.get(name, cell) for name, cell in zip(self.columns, cells, strict=True)], self.separator)


def form_of(details: Mapping[str, Any] | None) -> TableForm | None:
    """The form that a plan has pinned."""
    return TableForm(**{**details, "columns": tuple(details["columns"])}) if details else None


def label_key(row: Mapping[str, object]) -> str:
    """By what two rows of a labels file are of one clip."""
    return same_clip(str(row["file"]))


def gloss_key(row: Mapping[str, object]) -> str:
    """By what two rows of a table of glosses are of one word."""
    return composed(str(row["label"]))


def labels_form(data: bytes, made: Iterable[str]) -> TableForm | None:
    """The form of a labels file, None where it is this program's own. made: keys of rows that are written anew.

    Raises BadConfig BAD_LABELS for two rows of one clip that are not the same.
    """
    return _form(data, HEADER, label_key, frozenset(made))


def glosses_form(data: bytes) -> TableForm | None:
    """The form of a table of glosses, likewise."""
    return _form(data, GLOSS_COLUMNS, gloss_key, frozenset())


def lost_labels(
    before: bytes, after: bytes, may_replace: Callable[[str, tuple[int, int]], bool], *, again: bool
) -> str:
    """What a labels file says that another one does not: a row, or a value of a column; empty where there is nothing.

    may_replace: (key of a clip, its gloss and cat) -> whether another label may take their place. again: so with
    `occluded` of such a clip. Raises BadConfig BAD_LABELS.
    """
    others = _cells_by_key(after, HEADER, label_key)
    # What is no id is refused before ids are compared.
    parse_labels(before)
    for key, row in _cells_by_key(before, HEADER, label_key).items():
        replaceable = {"file"}
        if may_replace(key, (int(row["gloss"]), int(row["cat"]))):
            replaceable |= {"gloss", "cat", *(["occluded"] if again else [])}
            if again and key not in others:
                continue
        if lost := _lost(key, row, others.get(key), replaceable):
            return lost
    return ""


def lost_glosses(before: bytes, after: bytes) -> str:
    """The same of tables of glosses."""
    others = _cells_by_key(after, GLOSS_COLUMNS, gloss_key)
    rows = _cells_by_key(before, GLOSS_COLUMNS, gloss_key)
    return next((lost for key, row in rows.items() if (lost := _lost(key, row, others.get(key), {"label"}))), "")


def _lost(key: str, row: Mapping[str, str], other: Mapping[str, str] | None, replaceable: set[str]) -> str:
    if other is None:
        return f"the row of {key!r}"
    differing = (
        name
        for name, value in row.items()
        if value and name not in replaceable and _number(value) != _number(other.get(name, ""))
    )
    return next((f"{name} {row[name]!r} of {key!r}" for name in differing), "")


def _number(value: str) -> str:
    return str(int(value)) if value.isascii() and value.isdecimal() else value


def _cells_by_key(
    data: bytes, known: Sequence[str], key_of: Callable[[Mapping[str, object]], str]
) -> dict[str, Mapping[str, str]]:
    text = text_of(data, "BAD_LABELS")
    columns, separator = header_of(text, known)
    stated: dict[str, Mapping[str, str]] = {}
    for record in records_of(text, separator, columns, "BAD_LABELS"):
        row = dict(zip(columns, [*record.values, *[""] * len(columns)], strict=False))
        if not record.is_head:
            stated[key_of({"file": "", "label": "", **row})] = row
    return stated


def _form(
    data: bytes, known: Sequence[str], key_of: Callable[[Mapping[str, object]], str], made: frozenset[str]
) -> TableForm | None:
    text = text_of(data, "BAD_LABELS")
    columns, separator = header_of(text, known)
    added = [name for name in known if name not in columns]
    head, line_of, cells_of = "", dict[str, str](), dict[str, list[str]]()
    number_of: dict[str, int] = {}
    stated_of: dict[str, list[str]] = {}
    for record in records_of(text, separator, columns, "BAD_LABELS"):
        if record.is_head:
            # A header that stands there once more, where tables were joined, is not kept.
            head = head if number_of else head + record.text
            continue
        values = [*record.values, *[""] * len(columns)][: len(columns)]
        key = key_of(dict(zip(columns, values, strict=True)))
        stated = [key if name in _KEYS else value for name, value in zip(columns, values, strict=True)]
        if stated_of.setdefault(key, stated) != stated:
            raise BadConfig(
                "BAD_LABELS",
                f"lines {number_of[key]} and {record.number} are both of {key!r} and are not the same: keep one",
            )
        if key in number_of:
            continue
        number_of[key], line_of[key] = record.number, _extended(record, len(columns), added, separator)
        cells_of[key] = ["" if name in known else value for name, value in zip(columns, values, strict=True)]
        cells_of[key] += [""] * len(added)
    bare = head.rstrip("\r\n")
    newline = head[len(bare) :] or "\n"
    head = bare + "".join(separator + name for name in added)
    all_columns = (*columns, *added)
    others = ((key, line) for key, line in line_of.items() if key not in made)
    texts = {key: line for key, line in others if line != _as_written_here(line, all_columns, known, separator)}
    cells = {key: cells for key, cells in cells_of.items() if key in made and any(cells)}
    bom = "\ufeff" if data.startswith(b"\xef\xbb\xbf") else ""
    if (bom + head, newline) == (_line(known, ","), "\n") and not texts and not cells:
        return None
    return TableForm(bom + head + newline, separator, newline, all_columns, texts, cells)


def _extended(record: Record, num_columns: int, added: Sequence[str], separator: str) -> str:
    """The row as it stands, with values of the columns that are added."""
    line = record.text.rstrip("\r\n")
    if not added:
        return line
    if len(record.values) > num_columns:
        line = _line(record.values[:num_columns], separator)
    missing = [""] * (num_columns - len(record.values)) + [_MISSING.get(name, "") for name in added]
    return line + "".join(separator + value for value in missing)


def _as_written_here(line: str, columns: Sequence[str], known: Sequence[str], separator: str) -> str:
    """The row as it would be written from what it says in the known columns."""
    (values,) = csv.reader(io.StringIO(line, newline=""), delimiter=separator, skipinitialspace=True)
    stated = dict(zip(columns, (value.strip() for value in values), strict=False))
    written = []
    for name in columns:
        value = stated.get(name, "") if name in known else ""
        written.append(_number(value) if name in _NUMBERS else value)
    return _line([composed(v) if name == "label" else v for name, v in zip(columns, written, strict=True)], separator)


def _line(values: Iterable[object], separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="").writerow(values)
    return out.getvalue()
