"""The tables of Chinese-LiPS, `meta_{train,valid,test}.csv`: which clip shows what being said. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from services.base.errors import BadConfig

TABLES: Mapping[str, str] = {"train": "meta_train.csv", "val": "meta_valid.csv", "test": "meta_test.csv"}

# In lower case: of the scripts that process the data set, and of the data set as it is distributed.
_NAMES: Mapping[str, frozenset[str]] = {
    "key": frozenset({"file_id", "id"}),
    "topic": frozenset({"category", "topic"}),
    "face": frozenset({"face_path", "face"}),
    "text": frozenset({"text"}),
}
_PLACES: Mapping[str, int] = {"key": 0, "topic": 1, "face": 4, "text": 5}
_KEY = re.compile(r"(?P<speaker>\d+)_\d+_[A-Za-z]+_[A-Za-z]+_\d+")


class LipsRow(NamedTuple):
    """A clip as a table tells of it. line: from 1, in the file. face: the path of its video as it stands there."""

    line: int
    key: str
    topic: str
    face: str
    text: str

    @property
    def speaker(self) -> str:
        """The first part of an id such as 111_21_M_JKYS_005 (speaker, age, sex, topic, number), or all of another."""
        match = _KEY.fullmatch(self.key)
        return match["speaker"] if match else self.key


class Table(NamedTuple):
    """note: what its user should hear of how it was read; empty where there is nothing."""

    rows: Sequence[LipsRow]
    note: str


def read_table(data: bytes, name: str) -> Table:
    """Columns are found by their names, and where these are others by their places. Raises BadConfig CSV_COLUMNS."""
    text, encoding = _decoded(data)
    reader = csv.reader(io.StringIO(text, newline=""))
    # Of a row of several lines the last one.
    numbered = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    lines = [cells for _, cells in numbered]
    if not lines:
        raise BadConfig("CSV_COLUMNS", f"{name} holds no lines: restore it, or leave it out")
    places, note = _places(lines[0]), ""
    has_head = True
    if places is None:
        has_head = _KEY.fullmatch(lines[0][0].strip()) is None
        if max(map(len, lines[:2])) <= max(_PLACES.values()):
            raise BadConfig(
                "CSV_COLUMNS",
                f"{name} has the columns {', '.join(lines[0])}: it needs file_id, category, face_path and text (or ID, "
                "TOPIC, FACE and TEXT), or at least six columns of which the first is the id, the second the topic, "
                "the fifth the video and the sixth the text",
            )
        places = dict(_PLACES)
        note = f"{name} names its columns otherwise: the 1st, 2nd, 5th and 6th are taken for id, topic, video and text"
    if encoding:
        note = "; ".join(filter(None, (note, f"{name} is not UTF-8, and was read as {encoding}")))
    rows = [_row(line, cells, places) for line, cells in numbered[has_head:]]
    return Table(rows, note)


def read_tables(read: Callable[[str], bytes | None]) -> tuple[dict[str, Sequence[LipsRow]], list[str]]:
    """Split -> the rows of its table, and what their user should hear. read: a file of the root by its name, None where
    there is none. Raises BadConfig CSV_COLUMNS.
    """
    tables: dict[str, Sequence[LipsRow]] = {}
    notes = []
    for split, name in TABLES.items():
        data = read(name)
        if data is None:
            continue
        table = read_table(data, name)
        tables[split] = table.rows
        notes += [table.note] if table.note else []
    return tables, notes


def _decoded(data: bytes) -> tuple[str, str]:
    """(text, encoding to be told)."""
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        # As spreadsheets save Chinese texts.
        return data.decode("gb18030", errors="replace"), "GB 18030"


def _places(head: Sequence[str]) -> dict[str, int] | None:
    """Of each field the column; None where one that is needed has none. The topic is not needed."""
    names = [cell.strip().lower() for cell in head]
    places = {field: i for field, known in _NAMES.items() for i, name in enumerate(names) if name in known}
    return places if {"key", "face", "text"} <= set(places) else None


def _row(line: int, cells: Sequence[str], places: Mapping[str, int]) -> LipsRow:
    def cell(field: str) -> str:
        place = places.get(field, len(cells))
        return cells[place].strip() if place < len(cells) else ""

    return LipsRow(line, cell("key"), cell("topic"), cell("face"), cell("text"))
