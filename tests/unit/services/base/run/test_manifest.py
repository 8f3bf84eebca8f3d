import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.media.clip import Clip, ClipAttributes
from services.base.run.manifest import ClipRow, ClipTable, Extra, FileArrays, Manifest, encode_clips


def _row(key: str, shard: int, position: int, extras: tuple[Extra, ...] = ()) -> ClipRow:
    speaker, _, stem = key.rpartition("/")
    return ClipRow(key, stem, speaker, f"{key}.mpg", "train", shard, position, 17, 400_000, "etag-1", extras)


ALIGN = Extra("align", "s1/align/bbaf2n.align", 134, "etag-2")
ROWS = [
    _row("s1/bbaf2n", 0, 0, (ALIGN,)),
    _row("s1/Grüße 1", 0, 2),
    _row("s2/lrarzn", 3, 0, (ALIGN, Extra("mask", "s2/m.png", 9, ""))),
]


class CountingFile(io.BytesIO):
    """Counts the bytes that were read of it."""

    num_bytes_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.num_bytes_read += len(data)
        return data


def test_rows_come_back_as_they_went_in() -> None:
    manifest = Manifest(encode_clips(ROWS, 5))
    assert list(manifest) == ROWS
    assert (manifest.num_shards, manifest.num_clips) == (5, 3)


def test_attributes_come_back_and_reach_the_clip() -> None:
    said = ClipAttributes("ሰላም ልጅ", "am", 1.5, 7, 2)
    rows = [ROWS[0]._replace(attributes=said), ROWS[1], ROWS[2]._replace(attributes=ClipAttributes(language="en"))]
    manifest = Manifest(encode_clips(rows, 5))
    assert list(manifest) == rows
    assert [row.clip().attributes for row in manifest.rows(0)] == [said, ClipAttributes()]


def test_a_list_has_columns_for_the_attributes_that_a_clip_has_and_for_no_others() -> None:
    """So a data set that says nothing of its clips has the list that it had before there were attributes."""
    names = {name: pq.read_schema(io.BytesIO(encode_clips(rows, 5))).names for name, rows in [("none", ROWS)]}
    names["text"] = pq.read_schema(
        io.BytesIO(encode_clips([ROWS[0]._replace(attributes=ClipAttributes("x")), *ROWS[1:]], 5))
    ).names
    assert names["text"] == [*names["none"], "text"] and names["none"][-1] == "extras"


@pytest.mark.parametrize(
    "said", [{"duration_s": -1.0}, {"duration_s": float("nan")}, {"duration_s": float("inf")}, {"gloss": -1}]
)
def test_attributes_that_cannot_be_are_refused(said: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        ClipAttributes(**said)


def test_a_shard_has_its_own_rows_and_may_have_none() -> None:
    manifest = Manifest(encode_clips(ROWS, 5))
    assert [manifest.rows(shard) for shard in range(5)] == [ROWS[:2], [], [], ROWS[2:], []]
    assert [manifest.num_clips_of(shard) for shard in range(5)] == [2, 0, 0, 1, 0]


def test_a_large_shard_comes_back_whole() -> None:
    rows = [_row(f"s1/{i}", 2, i) for i in range(40_000)]
    manifest = Manifest(encode_clips(iter(rows), 5))
    assert manifest.rows(2) == rows
    assert manifest.num_clips_of(2) == 40_000
    assert list(manifest) == rows


def test_a_list_without_clips_is_a_list() -> None:
    manifest = Manifest(encode_clips([], 2))
    assert list(manifest) == []
    assert manifest.rows(1) == []


def test_a_row_becomes_the_clip_that_stages_see() -> None:
    assert ROWS[0].clip() == Clip(
        "s1/bbaf2n", "bbaf2n", "s1", "s1/bbaf2n.mpg", "train", {"align": "s1/align/bbaf2n.align"}
    )


text = st.text(st.characters(codec="utf-8"), max_size=8)
row_extras = st.lists(st.builds(Extra, text, text, st.integers(0, 2**62), text), max_size=2).map(tuple)


@given(st.lists(st.tuples(text, row_extras), max_size=12, unique_by=lambda pair: pair[0]))
def test_any_row_survives_and_equal_rows_give_equal_bytes(pairs: list[tuple[str, tuple[Extra, ...]]]) -> None:
    rows = [_row(key, i // 3, i % 3, extras) for i, (key, extras) in enumerate(pairs)]
    data = encode_clips(iter(rows), 4)
    assert list(Manifest(data)) == rows
    assert encode_clips(rows, 4) == data
    assert list(Manifest(data).files()) == _files_of(rows)
    assert Manifest(data).media_bytes() == sum(row.size_bytes for row in rows)


def _files_of(rows: list[ClipRow]) -> list[tuple[str, str, int, str]]:
    named = [
        (row.key, [(row.media, row.size_bytes, row.version), *(extra[1:] for extra in row.extras)]) for row in rows
    ]
    return [(key, *file) for key, files in named for file in files]


def test_files_of_very_many_shards_come_in_order_and_of_no_clips_there_are_none() -> None:
    rows = [_row(f"s1/{i}", i // 2, i % 2, (ALIGN,) if i == 17_000 else ()) for i in range(34_000)]
    assert list(Manifest(encode_clips(rows, 17_000)).files()) == _files_of(rows)
    assert list(Manifest(encode_clips([], 2)).files()) == []
    assert Manifest(encode_clips([], 2)).media_bytes() == 0


def test_a_worker_reads_the_bytes_of_its_shard_only() -> None:
    rows = [_row(f"s{i * 7919 % 100_003}/clip{i}", i // 1000, i % 1000) for i in range(30_000)]
    data = encode_clips(rows, 30)
    file = CountingFile(data)
    assert Manifest(file).rows(13) == rows[13_000:14_000]
    assert file.num_bytes_read < len(data) / 4


@pytest.mark.parametrize(
    "rows",
    [
        [_row("s1/a", 1, 0), _row("s1/b", 0, 0)],
        [_row("s1/a", 0, 1), _row("s1/b", 0, 0)],
        [_row("s1/a", 0, 0), _row("s1/a", 0, 1)],
        [_row("s1/a", 4, 0)],
    ],
    ids=["shards fall", "positions fall", "equal keys", "shard too high"],
)
def test_rows_that_cannot_be_a_plan_are_refused(rows: list[ClipRow]) -> None:
    with pytest.raises(ValueError):
        encode_clips(rows, 4)


def test_a_shard_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="shard 5"):
        Manifest(encode_clips(ROWS, 5)).rows(5)


def test_other_bytes_are_refused_with_a_remedy() -> None:
    with pytest.raises(ValueError, match="plan the run again"):
        Manifest(b"not parquet at all")


def test_another_table_is_refused() -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"key": ["a"]}), out)
    with pytest.raises(ValueError, match="format none"):
        Manifest(out.getvalue())


def test_a_table_is_a_sequence_of_rows_that_can_be_counted() -> None:
    table = ClipTable.of_rows(ROWS)
    assert (len(table), table[1], table[-1], table[1:]) == (3, ROWS[1], ROWS[2], ROWS[1:])
    assert list(table) == ROWS
    assert table.count_by("speaker_id") == {"s1": 2, "s2": 1}
    assert table.media_bytes() == 1_200_000
    assert ClipTable.of_rows([]).media_bytes() == 0
    with pytest.raises(IndexError):
        table[3]


def test_a_table_of_columns_puts_rows_in_the_order_asked_for() -> None:
    names = [name for name in ClipRow._fields if name not in ("extras", "attributes")]
    plain = [ROWS[1]._replace(extras=(ALIGN, ALIGN._replace(role="mask"))) for _ in range(2)]
    plain[1] = plain[1]._replace(key="s1/other", position=3)
    columns = {name: pa.array([getattr(row, name) for row in reversed(plain)]) for name in names}
    file = FileArrays(pa.array([ALIGN.path] * 2), pa.array([ALIGN.size_bytes] * 2), pa.array([ALIGN.version] * 2))
    assert list(ClipTable.of_columns(columns, {"align": file, "mask": file}, [1, 0])) == plain
    bare = ClipTable.of_columns(columns, {}, [1])
    assert list(bare) == [plain[0]._replace(extras=())]


def test_of_very_many_shards_several_share_a_row_group_and_each_is_read_alone():
    """An open list holds much of each row group, so that their number is bounded."""
    num_shards = 10_000
    shards = [0, 0, 1, 2, 2, 4, 4095, 4096, 9_998, 9_999, 9_999]
    rows = [ClipRow(f"k{i}", f"k{i}", "s", f"k{i}.mpg", "train", shard, i, i, 1, "v") for i, shard in enumerate(shards)]
    manifest = Manifest(encode_clips(rows, num_shards))
    assert list(manifest) == rows
    for shard in [*range(6), 4095, 4096, 4097, 9_998, 9_999]:
        expected = [row for row in rows if row.shard == shard]
        assert (manifest.rows(shard), manifest.num_clips_of(shard)) == (expected, len(expected))
    num_groups = pq.ParquetFile(io.BytesIO(encode_clips(rows, num_shards))).metadata.num_row_groups
    assert num_groups == len({shard // 3 for shard in shards})
