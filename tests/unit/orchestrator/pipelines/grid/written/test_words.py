"""Which record a word is in: from the frozen list of clips, and what is told of those that became records."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.pipelines.base import Made
from orchestrator.pipelines.grid.written.words import WordsFile, rows_of
from services.base.run.manifest import ClipRow
from services.base.run.spec import PinnedStage, RunSpec
from services.formats.words import WordRow, read_words

SPEC = RunSpec("r", "grid", "d" * 64, (PinnedStage("records"),), "in", "out", 2, 4, "c" * 64, {})


def clip(key: str, split: str, shard: int, position: int) -> ClipRow:
    speaker, stem = key.split("/")
    return ClipRow(key, stem, speaker, f"{key}.mpg", split, shard, position, 0, 1, "1")


CLIPS = [
    clip("s1/a", "val", 0, 0),
    clip("s1/b", "train", 0, 1),
    clip("s2/c", "val", 0, 2),
    clip("s2/d", "val", 1, 0),
]
QUALITY = [
    {"key": "s1/a", "split": "val", "words": [["bin", 3, 7], ["now", 7, 12]]},
    {"key": "s1/b", "split": "train", "words": [["lay", 1, 2]]},
    {"key": "s2/c", "split": "val", "words": [["set", 4, 9]]},
    {"key": "s2/d", "split": "val", "words": []},
]


def made(quality: list[dict[str, Any]]) -> Made:
    return Made(SPEC, [], quality, clips=CLIPS)


def test_a_word_has_the_place_of_its_record_in_the_file_of_its_split() -> None:
    assert list(rows_of(made(QUALITY))) == [
        WordRow("s1/b", "train", 0, 0, 0, "lay", 1, 2),
        WordRow("s1/a", "val", 0, 0, 0, "bin", 3, 7),
        WordRow("s1/a", "val", 0, 0, 1, "now", 7, 12),
        WordRow("s2/c", "val", 0, 1, 0, "set", 4, 9),
    ]


def test_clips_that_were_set_aside_take_no_place() -> None:
    rows = list(rows_of(made(QUALITY[1:3])))
    assert [(row.key, row.split, row.position) for row in rows] == [("s1/b", "train", 0), ("s2/c", "val", 0)]


def test_places_begin_anew_in_each_shard() -> None:
    told = [*QUALITY[:3], {**QUALITY[3], "words": [["place", 0, 5]]}]
    assert list(rows_of(made(told)))[-1] == WordRow("s2/d", "val", 1, 0, 0, "place", 0, 5)


def test_the_file_may_be_gone_through_again() -> None:
    file = WordsFile(made(QUALITY))
    assert b"".join(file) == b"".join(file)
    assert len(list(read_words(b"".join(file)))) == 4


def test_lists_in_different_orders_are_a_bug_and_no_table() -> None:
    with pytest.raises(ValueError, match="s1/a"):
        list(rows_of(made([QUALITY[1], QUALITY[0]])))
