"""What splits have in common."""

from __future__ import annotations

from services.training.data.sharing import SplitClip, shared_contents, shared_speakers


def test_a_content_in_two_splits_names_all_its_clips() -> None:
    clips = [
        SplitClip("s1/a", "train", "s1", b"x"),
        SplitClip("s1/b", "train", "s1", b"y"),
        SplitClip("s2/c", "val", "s2", b"x"),
        SplitClip("s2/d", "train", "s2", b"x"),
        SplitClip("s2/e", "val", "s2", b"z"),
    ]
    assert shared_contents(clips) == ["s1/a (train) = s2/c (val) = s2/d (train)"]


def test_twice_in_one_split_is_no_leak() -> None:
    assert shared_contents([SplitClip(key, "train", "s1", b"x") for key in ("s1/a", "s1/b")]) == []


def test_speakers_of_two_splits_are_told() -> None:
    notes = shared_speakers({"train": ["s1", "s2", "s3"], "val": ["s3"], "test": ["s1", "s1", "s2"]})
    assert notes == ["1 speakers of val are in train too: s3", "2 speakers of test are in train too: s1, s2"]
    assert shared_speakers({"train": ["s1"], "val": [], "test": ["s2"]}) == []
