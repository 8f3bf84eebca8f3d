"""words.parquet: rows to bytes and back."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.base.errors import BadInput
from services.formats import words
from services.formats.words import WordRow, encode_words, read_words

ROWS = [
    WordRow("s1/bbaf2n", "train", 0, 0, 0, "bin", 23, 30),
    WordRow("s1/bbaf2n", "train", 0, 0, 1, "blue", 30, 35),
    WordRow("s2/lbax4n", "val", 3, 1, 0, "lay", 12, 19),
]


def test_the_rows_come_back_whatever_groups_they_were_written_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_GROUP_ROWS", 2)
    pieces = list(encode_words(ROWS))
    assert len(pieces) == 2, "a full group, then the rest and the footer"
    assert list(read_words(b"".join(pieces))) == ROWS


def test_the_same_rows_are_the_same_bytes() -> None:
    assert b"".join(encode_words(ROWS)) == b"".join(encode_words(iter(ROWS)))


def test_a_table_reads_it_by_its_columns() -> None:
    table = pq.ParquetFile(io.BytesIO(b"".join(encode_words(ROWS)))).read(use_threads=False)
    assert table.column_names == ["key", "split", "shard", "position", "index", "word", "start_frame", "end_frame"]
    assert table.column("start_frame").to_pylist() == [23, 30, 12]


def test_no_words_are_a_table_too() -> None:
    assert list(read_words(b"".join(encode_words([])))) == []


@pytest.mark.parametrize("data", [b"", b"PAR1", b"".join(encode_words(ROWS))[:-9]], ids=["empty", "no table", "cut"])
def test_what_is_no_such_table_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match="BAD_WORDS"):
        list(read_words(data))


def test_a_table_of_other_columns_is_refused() -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"key": ["s1/bbaf2n"], "word": ["bin"]}), out)
    with pytest.raises(BadInput, match="BAD_WORDS"):
        list(read_words(out.getvalue()))
