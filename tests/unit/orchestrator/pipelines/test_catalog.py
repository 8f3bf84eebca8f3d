from orchestrator.pipelines.catalog import ClipColumns, FileColumn, Problem, frozen_rows, raise_if_fatal
from services.base.media.clip import ClipAttributes
from services.base.run.manifest import ClipRow, Extra, Manifest, encode_clips
from services.base.run.sharding import shard_of


def clips_of(*keys: str) -> ClipColumns:
    clips = ClipColumns(extras={"align": FileColumn()})
    for i, key in enumerate(keys):
        speaker, _, stem = key.partition("/")
        clips.keys.append(key)
        clips.speakers.append(speaker)
        clips.media.extend([f"{speaker}_processed/{stem}.mpg"], [1000 + i], [f"m{i}"])
        clips.extras["align"].extend([f"{speaker}_processed/align/{stem}.align"], [134], [f"a{i}"])
    return clips


CLIPS = clips_of("s1/a", "s1/b", "s2/a", "s2/b", "s2/c")
ALL = ["train", "train", "val", "val", "test"]


def test_a_row_says_all_that_was_listed() -> None:
    row = next(row for row in frozen_rows(CLIPS, ALL, 1) if row.key == "s2/b")
    extra = Extra("align", "s2_processed/align/b.align", 134, "a3")
    assert row == ClipRow("s2/b", "b", "s2", "s2_processed/b.mpg", "val", 0, 3, 3, 1003, "m3", (extra,))


def test_a_row_has_the_attributes_of_its_clip() -> None:
    clips = clips_of("s1/a", "s1/b", "s1/c")
    said = [ClipAttributes("one", "en", 1.5), ClipAttributes(gloss=3, category=0), ClipAttributes("ሰላም", "am")]
    for one in said:
        clips.attributes.append(one)
    rows = list(frozen_rows(clips, ["train", "skip", "val"], 2))
    assert {row.key: row.attributes for row in rows} == {"s1/a": said[0], "s1/c": said[2]}
    assert list(Manifest(encode_clips(iter(rows), 2))) == rows
    assert [row.attributes for row in frozen_rows(clips, ["skip", "train"], 1)] == [said[1]]


def test_rows_can_be_frozen_and_read_back() -> None:
    rows = list(frozen_rows(CLIPS, ALL, 3))
    assert list(Manifest(encode_clips(iter(rows), 3))) == rows
    assert {row.key: row.shard for row in rows} == {key: shard_of(key, 3) for key in CLIPS.keys}


def test_round_robin_keeps_the_originals_shard_and_order() -> None:
    rows = list(frozen_rows(CLIPS, ALL, 2, round_robin=True))
    assert [(row.shard, row.idx) for row in rows] == [(0, 0), (0, 2), (0, 4), (1, 1), (1, 3)]


def test_leaving_a_clip_out_moves_no_other() -> None:
    for round_robin in (False, True):
        rows = [row for row in frozen_rows(CLIPS, ALL, 2, round_robin=round_robin) if row.key != "s1/b"]
        skipped = ["train", "skip", "val", "val", "test"]
        assert list(frozen_rows(CLIPS, skipped, 2, round_robin=round_robin)) == rows


def test_only_the_clips_that_have_a_split_are_listed() -> None:
    assert {row.key for row in frozen_rows(CLIPS, ALL[:2], 2)} == {"s1/a", "s1/b"}


def test_columns_are_a_sequence_of_clips() -> None:
    assert [clip.key for clip in CLIPS] == list(CLIPS.keys)
    assert CLIPS[-1] == CLIPS[4:][0]


def test_findings_about_clips_forbid_no_run() -> None:
    raise_if_fatal([Problem("a", "EMPTY_FILE", ""), Problem("b", "MISSING_ALIGN", "")])
