"""Manifests: every encoding, every piece size, and each bad line told by its number while the others are read."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable, Iterator

import pytest

from services.base.errors import BadConfig
from services.formats.manifests import (
    MAX_LINE_BYTES,
    BadLine,
    Record,
    csv_records,
    format_of,
    json_line,
    json_records,
    read_manifest,
)

LINES = ['{"id": "a", "text": "ሰላም"}', '{"id": "b", "text": "x\\ny"}']
RECORDS = [Record(1, {"id": "a", "text": "ሰላም"}), Record(2, {"id": "b", "text": "x\ny"})]


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[i : i + size] for i in range(0, len(data), size))


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("manifest.jsonl", data)
    return file.getvalue()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 20])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_and_line_end_in_pieces_of_any_size(encoding: str, end: str, size: int) -> None:
    for last in ("", end):
        data = (end.join(LINES) + last).encode(encoding)
        assert list(json_records(pieces(data, size))) == RECORDS


@pytest.mark.parametrize(
    ("pack", "name"), [(gzip.compress, "gzip"), (bz2.compress, "bzip2"), (lzma.compress, "xz"), (zipped, "zip")]
)
def test_a_file_that_is_packed_is_refused_by_the_name_of_its_format(pack: Callable[[bytes], bytes], name: str) -> None:
    data = pack("\n".join(LINES).encode())
    for form in ("jsonl", "csv"):
        with pytest.raises(BadConfig, match=f"BAD_MANIFEST.*packed with {name}: unpack it"):
            list(read_manifest(pieces(data, 3), form))  # type: ignore[arg-type]


def test_big_endian_utf_16_with_its_mark() -> None:
    assert list(json_records([b"\xfe\xff" + "\n".join(LINES).encode("utf-16-be")])) == RECORDS


def test_a_character_of_utf_16_that_holds_the_byte_of_a_line_end_ends_no_line() -> None:
    # U+0A00 and U+0A0A are letters of Gurmukhi, or none; their bytes are those of a line's end, shifted by one.
    text = json.dumps({"text": "\u0a0a\u0a00x"}, ensure_ascii=False)
    for encoding in ("utf-16-le", "utf-16-be"):
        found = list(json_records([(text + "\n" + text).encode(encoding)]))
        assert [record.values for record in found] == [{"text": "\u0a0a\u0a00x"}] * 2


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "not JSON"),
        (b"[1]", "a list"),
        (b'"x"', "a text"),
        (b"null", "null"),
        (b"7", "a number"),
        (b"[" * 100_000, "not JSON"),
        (b'{"id": "\xff"}', "not UTF-8"),
        (b'{"x": "' + b"y" * MAX_LINE_BYTES + b'"}', "bytes"),
    ],
)
def test_a_bad_line_is_told_by_its_number_and_the_next_one_is_read(line: bytes, why: str) -> None:
    data = b'{"id": 1}\n\n' + line + b'\n{"id": 2}'
    for size in (1000, 1 << 22):
        first, bad, last = json_records(pieces(data, size))
        assert (first, last) == (Record(1, {"id": 1}), Record(4, {"id": 2}))
        assert isinstance(bad, BadLine) and (bad.number, bad.reason) == (3, "BAD_JSON") and why in bad.message


def test_a_line_without_an_end_is_not_held_whole() -> None:
    given = (b"x" * 65536 for _ in range(1024))
    (bad,) = json_records(given)
    assert isinstance(bad, BadLine) and bad.number == 1


def test_a_line_of_exactly_the_most_bytes_is_read() -> None:
    line = b'{"x": "' + b"y" * (MAX_LINE_BYTES - 9) + b'"}'
    assert len(line) == MAX_LINE_BYTES
    for end in (b"", b"\n"):
        (found,) = json_records(pieces(line + end, 4096))
        assert isinstance(found, Record)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_by_its_header(separator: str) -> None:
    text = f'id{separator} text \n"a"{separator}"x{separator}""y"""\nb\n\nc{separator}"two\nlines"\n'
    assert list(csv_records([text.encode("utf-8-sig")], wanted=["id"])) == [
        Record(2, {"id": "a", "text": f'x{separator}"y"'}),
        Record(3, {"id": "b", "text": ""}),
        Record(5, {"id": "c", "text": "two\nlines"}),
    ]


def test_csv_of_a_spreadsheet_and_csv_without_a_header() -> None:
    assert list(csv_records(["sep=;\nid;text\na;1,2\n".encode("utf-16")], wanted=["id"])) == [
        Record(3, {"id": "a", "text": "1,2"})
    ]
    assert list(csv_records([b"lrs3,a/b.mp4,75\n"], ["set", "path", "frames"])) == [
        Record(1, {"set": "lrs3", "path": "a/b.mp4", "frames": "75"})
    ]


def test_other_ends_of_lines_are_part_of_a_value() -> None:
    assert list(csv_records(["id,text\na,x\u2028y\x0cz\x85\n".encode()])) == [
        Record(2, {"id": "a", "text": "x\u2028y\x0cz\x85"})
    ]


def test_bad_rows_take_no_other_row_with_them() -> None:
    text = b'id,text\na,"open\nb,2\nc,1,2\nd,\xff\ne,"x"y\nf,6\n'
    found = list(csv_records([text]))
    assert [(line.number, line.reason) for line in found if isinstance(line, BadLine)] == [
        (2, "BAD_ROW"),
        (4, "BAD_ROW"),
        (5, "BAD_ROW"),
        (6, "BAD_ROW"),
    ]
    assert [line.values for line in found if isinstance(line, Record)] == [
        {"id": "b", "text": "2"},
        {"id": "f", "text": "6"},
    ]


@pytest.mark.parametrize(("header", "why"), [("name,text", "lacks the column id"), ("id,x,x", "two columns 'x'")])
def test_a_header_that_cannot_be_used_is_refused(header: str, why: str) -> None:
    with pytest.raises(BadConfig, match=why):
        list(csv_records([f"{header}\n1,2,3\n".encode()], wanted=["id"]))


def test_rows_are_streamed_and_never_held_whole() -> None:
    """The source is asked for a piece only when the rows before it have been given out."""
    asked = 0

    def source() -> Iterator[bytes]:
        nonlocal asked
        for _ in range(100):
            asked += 1
            yield b'{"id": 1}\n' * 1000

    records = json_records(source())
    for _ in range(2500):
        next(records)
    assert asked <= 4
    assert sum(1 for _ in records) == 100_000 - 2500


def test_the_format_goes_by_the_ending() -> None:
    assert [format_of(name) for name in ("a.jsonl", "a.CSV", "a.tsv", "a.json", "a")] == [
        *("jsonl", "csv", "csv", "jsonl", "jsonl")
    ]


@pytest.mark.parametrize("text", ["ሰላም", "a\u2028b\u2029c\u0085d\n", "\ud800 x", "", "\U0001f600"])
def test_a_record_is_one_line_to_every_reader(text: str) -> None:
    line = json_line({"id": "ሀ", "text": text})
    assert line.endswith(b"\n")
    (read,) = line.decode().splitlines()
    assert json.loads(read) == {"id": "ሀ", "text": text}
    assert "ሀ".encode() in line
