"""What a lipreader is checked with: transcripts that are another clip's, and frames in another order."""

from pathlib import Path

import numpy as np
import pytest
from control_records import main, others
from grid_records import MadeClip, write_shards

from services.formats.example import decode_example
from services.formats.tfrecord import read_records
from services.formats.words import WORDS_FILE, WordRow, encode_words, read_words

TEXTS = ("bin at", "lay by", "set in", "place it")


@pytest.fixture
def records(tmp_path: Path) -> Path:
    root = tmp_path / "records"
    clips = [MadeClip("s1", f"clip{i}", text) for i, text in enumerate(TEXTS)]
    write_shards(root, {"train": [clips[:2], clips[2:]], "val": [[MadeClip("s1", "v", "bin so")]]})
    rows = [
        WordRow(f"s1/clip{i}", "train", i // 2, i % 2, n, word, 3 * n, 3 * n + 3)
        for i, text in enumerate(TEXTS)
        for n, word in enumerate(text.split())
    ]
    rows.append(WordRow("s1/v", "val", 0, 0, 0, "bin", 0, 3))
    (root / WORDS_FILE).write_bytes(b"".join(encode_words(rows)))
    return root


def examples(root: Path, split: str) -> list[dict[str, list[object]]]:
    found = []
    for path in sorted(root.glob(f"{split}-*")):
        with path.open("rb") as file:
            found += [decode_example(record) for record in read_records(file)]
    return found


@pytest.mark.parametrize("num", [2, 3, 10])
def test_everyone_gets_anothers_and_everyones_is_given(num: int) -> None:
    takes = others(num, 1)
    assert sorted(takes) == list(range(num))
    assert all(taken != i for i, taken in enumerate(takes))


def test_permuted_training_clips_have_the_transcript_and_the_words_of_another(records: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    assert main(["permuted", str(records), str(copy)]) == 0
    before, after = examples(records, "train"), examples(copy, "train")
    assert [one["frames"] for one in after] == [one["frames"] for one in before]
    labels = [tuple(one["label"]) for one in before]
    assert sorted(tuple(one["label"]) for one in after) == sorted(labels)
    assert all(tuple(one["label"]) != label for one, label in zip(after, labels, strict=True))
    assert examples(copy, "val") == examples(records, "val")

    text_of = dict(zip(labels, TEXTS, strict=True))
    rows = list(read_words((copy / WORDS_FILE).read_bytes()))
    for i, one in enumerate(after):
        words = [row.word for row in rows if (row.split, row.shard, row.position) == ("train", i // 2, i % 2)]
        assert " ".join(words) == text_of[tuple(one["label"])]
    assert [row.word for row in rows if row.split == "val"] == ["bin"]


def test_shuffled_clips_have_their_frames_in_another_order_and_all_else_as_it_was(
    records: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    assert main(["shuffled", str(records), str(copy)]) == 0
    for split in ("train", "val"):
        for before, after in zip(examples(records, split), examples(copy, split), strict=True):
            frames = [
                np.frombuffer(one["frames"][0], np.uint8).reshape(12, -1)  # type: ignore[call-overload]
                for one in (before, after)
            ]
            assert not np.array_equal(*frames)
            assert sorted(map(bytes, frames[0])) == sorted(map(bytes, frames[1]))
            assert not frames[1][10:].any(), "the padding stays at the end"
            assert {**before, "frames": []} == {**after, "frames": []}
