"""Batches of whole clips and of stretches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from grid_records import MadeClip, write_shards

from services.base.store.open import open_store
from services.formats.words import WordRow, encode_words
from services.training.data.clips import GridClips
from services.training.data.grid import GridSettings, open_grid
from services.training.data.records.opening import RecordsSettings
from services.training.lipreading.windows import Stretch, Word

pytest.importorskip("torch")
CLIPS = [MadeClip("s1", "a", "bin at", 10), MadeClip("s1", "b", "lay", 7), MadeClip("s2", "c", "see", 4)]
WORDS = [
    WordRow("s1/a", "train", 0, 0, 0, "bin", 1, 5),
    WordRow("s1/a", "train", 0, 0, 1, "at", 5, 9),
    WordRow("s1/b", "train", 0, 1, 0, "LAY".lower(), 2, 6),
    WordRow("s2/c", "train", 0, 2, 0, "sees", 0, 4),
]


@pytest.fixture
def clips(tmp_path: Path) -> GridClips:
    write_shards(tmp_path / "out", {"train": [CLIPS]})
    open_store(tmp_path / "out").put("words.parquet", b"".join(encode_words(WORDS)))
    return open_grid(
        GridSettings(str(tmp_path / "out"), RecordsSettings(str(tmp_path / "state"), tmp_path), val_share=0.0)
    ).train


def test_an_item_a_clip(clips: GridClips) -> None:
    assert [(item.key, item.cost, item.num_labels) for item in clips.items] == [
        ("s1/a", 10, 6), ("s1/b", 7, 3), ("s2/c", 4, 3)
    ]  # fmt: skip
    assert [clips.text_of(i) for i in range(3)] == ["bin at", "lay", "see"]


def test_a_batch_is_padded_to_its_longest_clip_and_stays_uint8(clips: GridClips) -> None:
    batch = clips.read([1, 0], "any name")
    frames_BTHWC = batch["frames_BTHWC"].numpy()
    assert (frames_BTHWC.dtype, frames_BTHWC.shape[:2]) == (np.uint8, (2, 10))
    assert np.array_equal(frames_BTHWC[0, :7], CLIPS[1].frames_THWC()[:7])
    assert np.array_equal(frames_BTHWC[1], CLIPS[0].frames_THWC()[:10])
    assert not frames_BTHWC[0, 7:].any()
    assert batch["lengths_B"].tolist() == [7, 10]
    assert batch["labels_BL"].tolist() == [[11, 0, 24, -1, -1, -1], [1, 8, 13, 26, 0, 19]]
    assert batch["label_lengths_B"].tolist() == [3, 6]
    assert (batch["keys"], batch["speakers"], batch["texts"]) == (["s1/b", "s1/a"], ["s1", "s1"], ["lay", "bin at"])


def test_words_are_those_of_the_label_or_none(clips: GridClips) -> None:
    assert clips.words_of(0) == (Word("bin", 1, 5), Word("at", 5, 9))
    assert clips.words_of(2) == (), "words.parquet says sees, and the label see"


def test_stretches_have_the_frames_and_the_text_of_their_words(clips: GridClips) -> None:
    cut = clips.cut([Stretch(0, 1, 5, "bin"), Stretch(1, 0, 7, ""), Stretch(0, 5, 9, "at")])
    assert [(item.key, item.cost, item.num_labels) for item in cut.items] == [
        ("s1/a", 4, 3), ("s1/b", 7, 3), ("s1/a", 4, 2)
    ]  # fmt: skip
    batch = cut.read([0, 1], "")
    assert np.array_equal(batch["frames_BTHWC"][0, :4].numpy(), CLIPS[0].frames_THWC()[1:5])
    assert not batch["frames_BTHWC"][0, 4:].any()
    assert batch["texts"] == ["bin", "lay"], "a whole clip has the label of its record"


def test_stretches_that_ctc_cannot_align_are_left_out_and_counted(clips: GridClips) -> None:
    cut = clips.cut([Stretch(2, 0, 3, "see"), Stretch(2, 0, 4, ""), Stretch(0, 5, 6, "'")])
    assert ([item.cost for item in cut.items], cut.num_infeasible) == ([4], 2)


def test_the_digest_follows_from_where_they_are_cut_and_what_is_said(clips: GridClips) -> None:
    digests = {
        clips.cut(stretches).digest
        for stretches in ([Stretch(0, 1, 5, "bin")], [Stretch(0, 1, 5, "bit")], [Stretch(0, 1, 6, "bin")])
    }
    assert len(digests | {clips.digest}) == 4
    assert clips.cut([Stretch(0, 1, 5, "bin")]).digest in digests


def test_frames_that_a_clip_does_not_have_are_refused(clips: GridClips) -> None:
    with pytest.raises(ValueError, match="frames 5 to 11 of s1/a, which has 10"):
        clips.cut([Stretch(0, 5, 11, "at")])
