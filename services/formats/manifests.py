"""Manifests of JSON lines and of CSV: a record at a time, from pieces of bytes. Pure.

UTF-8 and UTF-16, with or without a byte order mark, lines that end in LF or CRLF. What cannot be read is a finding
about its line, and the next line is read all the same; memory is that of one record.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from services.base.errors import BadConfig

Format = Literal["jsonl", "csv"]
MAX_LINE_BYTES = 1 << 20
BAD_JSON, BAD_ROW = "BAD_JSON", "BAD_ROW"

# A quoted value may go on in the next lines: a quote that nobody closes may not take in the whole file.
_MOST_LINES = 64
_SEPARATORS = ",;\t|"
_CSV_ENDINGS = (".csv", ".tsv")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


# How files begin that people pack.
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"\xfd7zX": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
}


class Record(NamedTuple):
    """A record. number: of its line, from 1; of several lines, the first. values: by name, as they stand there."""

    number: int
    values: Mapping[str, Any]


class BadLine(NamedTuple):
    """A line that is no record. reason: BAD_JSON, or BAD_ROW in a CSV."""

    number: int
    reason: str
    message: str


def format_of(name: str) -> Format:
    """By the ending of the file's name: .csv and .tsv, in any case; all else is JSON lines."""
    return "csv" if name.lower().endswith(_CSV_ENDINGS) else "jsonl"


def read_manifest(
    pieces: Iterable[bytes], form: Format, columns: Sequence[str] = (), wanted: Iterable[str] = ()
) -> Iterator[Record | BadLine]:
    """Records of either format. columns, wanted: as `csv_records` takes them. Raises BadConfig BAD_MANIFEST, also for
    a file that is packed.
    """
    return csv_records(pieces, columns, wanted) if form == "csv" else json_records(pieces)


def json_records(pieces: Iterable[bytes]) -> Iterator[Record | BadLine]:
    """An object a line; empty lines say nothing."""
    for number, text in _lines(pieces, BAD_JSON):
        if isinstance(text, BadLine):
            yield text
        elif text.strip():
            yield _object(number, text)


def csv_records(
    pieces: Iterable[bytes], columns: Sequence[str] = (), wanted: Iterable[str] = ()
) -> Iterator[Record | BadLine]:
    """A row by its columns' names; one that ends early has empty values. Names lose the space about them.

    columns: names of a file without a header; empty: its first line has them. wanted: columns that there must be.
    The separator is that of `,;|` and tab under which the first line has most of the names; a spreadsheet may write
    `sep=;` above. Raises BadConfig BAD_MANIFEST for a header that lacks one that is wanted, or has one twice.
    """
    wanted = list(wanted) or list(columns)
    header, separator = list(columns), ""
    lines = _Pending(_lines(pieces, BAD_ROW))
    for number, text in lines:
        if isinstance(text, BadLine):
            yield text
            continue
        if not text.strip() or (not separator and text.lower().lstrip(' "').startswith("sep=")):
            continue
        if not separator:
            separator = _separator(text, wanted)
            if not columns:
                header = _header(text, separator, wanted)
                continue
        found = _row(number, text, separator, lines)
        if isinstance(found, BadLine):
            yield found
        elif any(found[len(header) :]):
            message = f"it has {len(found)} values under {len(header)} columns: quote a value that holds {separator!r}"
            yield BadLine(number, BAD_ROW, message)
        elif any(found):
            yield Record(number, dict(zip(header, [*found, *[""] * len(header)], strict=False)))


# Ends of lines to some readers, which JSON leaves as they are.
_LINE_ENDS = str.maketrans({end: f"\\u{ord(end):04x}" for end in "\u0085\u2028\u2029"})


def json_line(values: Mapping[str, Any]) -> bytes:
    """A record as a line of UTF-8, one line to every reader; what has no UTF-8, a lone surrogate, is escaped."""
    text = json.dumps(values, ensure_ascii=False)
    if not text.isascii():
        text = text.translate(_LINE_ENDS)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _object(number: int, text: str) -> Record | BadLine:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        return BadLine(number, BAD_JSON, f"it is not JSON ({error}): give one object a line")
    if not isinstance(values, dict):
        return BadLine(number, BAD_JSON, f"it is {_kind(values)} and no object: give one object a line, {{...}}")
    return Record(number, values)


def _kind(value: object) -> str:
    return {list: "a list", str: "a text", type(None): "null", bool: "true or false"}.get(type(value), "a number")


class _Pending:
    """Lines, of which some may be put back."""

    def __init__(self, lines: Iterator[tuple[int, str | BadLine]]) -> None:
        self._lines = lines
        self._back: deque[tuple[int, str | BadLine]] = deque()

    def __iter__(self) -> Iterator[tuple[int, str | BadLine]]:
        return self

    def __next__(self) -> tuple[int, str | BadLine]:
        return self._back.popleft() if self._back else next(self._lines)

    def put_back(self, lines: Sequence[tuple[int, str | BadLine]]) -> None:
        self._back.extendleft(reversed(lines))


def _row(number: int, text: str, separator: str, lines: _Pending) -> list[str] | BadLine:
    """The values of the record that begins in this line. A quote that stays open takes no line after it in."""
    values = _split(text, separator)
    if isinstance(values, list):
        return values
    taken: list[tuple[int, str | BadLine]] = []
    while values == _OPEN_QUOTE and len(taken) < _MOST_LINES:
        taken.append(next(lines, (0, "")))
        more = taken[-1][1]
        if not taken[-1][0] or isinstance(more, BadLine) or len(text) + len(more) > MAX_LINE_BYTES:
            break
        text += "\n" + more
        if '"' in more and isinstance(found := _split(text, separator), list):
            return found
    lines.put_back([line for line in taken if line[0]])
    return BadLine(number, BAD_ROW, f"it cannot be read as a row of a table ({values}): fix its quotes")


_OPEN_QUOTE = "unexpected end of data"


def _split(text: str, separator: str) -> list[str] | str:
    """The values of a record, or why it has none."""
    try:
        return next(
            csv.reader(io.StringIO(text, newline="\n"), delimiter=separator, skipinitialspace=True, strict=True)
        )
    except csv.Error as error:
        return str(error)
    except StopIteration:
        return []


def _separator(first: str, wanted: Sequence[str]) -> str:
    def fits(mark: str) -> tuple[int, int]:
        names = _split(first, mark)
        found = [name.strip() for name in names] if isinstance(names, list) else []
        return len(set(wanted).intersection(found)), len(found)

    return max(_SEPARATORS, key=fits)


def _header(first: str, separator: str, wanted: Sequence[str]) -> list[str]:
    names = _split(first, separator)
    header = [name.strip() for name in names] if isinstance(names, list) else []
    if missing := [name for name in wanted if name not in header]:
        raise BadConfig(
            "BAD_MANIFEST",
            f"it lacks the column {', '.join(missing)}; its first line is {first[:200]!r}: put the line "
            f"{','.join(wanted)!r} above it, if it has no header",
        )
    if twice := [name for name in dict.fromkeys(header) if name and header.count(name) > 1]:
        raise BadConfig("BAD_MANIFEST", f"it has two columns {twice[0]!r}: keep one")
    return header


def _lines(pieces: Iterable[bytes], reason: str) -> Iterator[tuple[int, str | BadLine]]:
    """(number, text without its end) of each line, or what is wrong with it."""
    pieces = _with_start(iter(pieces))
    start = next(pieces, b"")
    if packed := next((name for mark, name in _PACKED.items() if start.startswith(mark)), ""):
        raise BadConfig("BAD_MANIFEST", f"it is packed with {packed}: unpack it, and name what comes out")
    encoding, num_skipped = _encoding(start)
    width = 2 if encoding.startswith("utf-16") else 1
    end = "\n".encode(encoding)
    for number, line in enumerate(_cut(start[num_skipped:], pieces, end, width), 1):
        if line is None:
            yield number, BadLine(number, reason, f"it has over {MAX_LINE_BYTES} bytes: cut it, or leave it out")
            continue
        try:
            yield number, line.decode(encoding).removesuffix("\r")
        except UnicodeDecodeError as error:
            message = f"it is not {encoding.upper().removesuffix('-LE').removesuffix('-BE')} ({error}): save it as such"
            yield number, BadLine(number, reason, message)


def _with_start(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, the first of which holds four bytes or more if there are as many."""
    start = b""
    for piece in pieces:
        start += piece
        if len(start) >= 4:
            break
    yield start
    yield from pieces


def _encoding(start: bytes) -> tuple[str, int]:
    """(encoding, bytes of its mark). Without a mark, a text whose every second byte is 0 at its start is UTF-16."""
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding, len(mark)
    if len(start) >= 2 and bool(start[0]) != bool(start[1]):
        return ("utf-16-le" if start[0] else "utf-16-be"), 0
    return "utf-8", 0


def _cut(start: bytes, pieces: Iterable[bytes], end: bytes, width: int) -> Iterator[bytes | None]:
    """Lines without their ends; None for one that is too long, of which no more is held than the bound."""
    held, is_cut = bytearray(), False
    for piece in _all(start, pieces):
        held += piece
        begin = 0
        while (at := _find(held, end, begin, width)) >= 0:
            yield None if is_cut or at - begin > MAX_LINE_BYTES else bytes(held[begin:at])
            begin, is_cut = at + width, False
        del held[:begin]
        if len(held) > MAX_LINE_BYTES + width:
            # What is left out of a line is whole characters, so that its end is found where it is.
            is_cut = True
            del held[: len(held) // width * width]
    if held or is_cut:
        yield None if is_cut or len(held) > MAX_LINE_BYTES else bytes(held)


def _all(start: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    yield start
    yield from pieces


def _find(held: bytearray, end: bytes, begin: int, width: int) -> int:
    """Where a line ends, at a whole character; -1 if it does not."""
    at = held.find(end, begin)
    while at >= 0 and (at - begin) % width:
        at = held.find(end, at + 1)
    return at
