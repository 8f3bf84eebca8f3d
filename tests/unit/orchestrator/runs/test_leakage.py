from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.runs.leakage import (
    OTHER_WORDS,
    HashedClip,
    content_leaks,
    frame_leaks,
    raise_if_leaking,
    with_other_words,
)
from services.base.errors import BadConfig


def test_the_same_content_in_two_splits_is_a_leak() -> None:
    clips = [("s2/b", "val", "f0"), ("s1/a", "train", "f0"), ("s1/c", "train", "f1"), ("s3/d", "train", "f0")]
    (leak,) = content_leaks(clips)
    assert leak.sha256 == "f0"
    assert leak.clips == (
        HashedClip("s1/a", "train", "f0"),
        HashedClip("s3/d", "train", "f0"),
        HashedClip("s2/b", "val", "f0"),
    )


def test_the_same_content_twice_in_one_split_is_none() -> None:
    assert content_leaks([("s1/a", "train", "f0"), ("s1/b", "train", "f0")]) == []


rows = st.lists(st.tuples(st.text(), st.sampled_from(["train", "val", "test"]), st.sampled_from(["f0", "f1", "f2"])))


@given(rows)
def test_there_is_a_leak_exactly_where_a_content_has_several_splits(clips: list[tuple[str, str, str]]) -> None:
    splits_of: dict[str, set[str]] = {}
    for _, split, sha256 in clips:
        splits_of.setdefault(sha256, set()).add(split)
    assert [leak.sha256 for leak in content_leaks(clips)] == sorted(
        s for s, found in splits_of.items() if len(found) > 1
    )


def test_a_leak_stops_the_run_and_names_the_clips() -> None:
    raise_if_leaking([], "state")
    with pytest.raises(BadConfig, match=r"s1/a \(train\) = s2/b \(val\)") as caught:
        raise_if_leaking(content_leaks([("s1/a", "train", "f0"), ("s2/b", "val", "f0")]), "state")
    assert caught.value.reason == "CONTENT_LEAK"


def line(key: str, split: str, sha256: str, transcript: str = "bin blue") -> dict[str, Any]:
    decode = {"frames_sha256": sha256} if sha256 else None
    return {"key": key, "split": split, "flags": ["SHORT_CLIP"], "decode": decode, "transcript": transcript}


def test_the_same_frames_in_two_splits_are_a_leak_and_unknown_frames_are_none() -> None:
    unknown = [line("s1/x", "train", ""), line("s2/x", "test", "")]
    (leak,) = frame_leaks([line("s1/a", "train", "f0"), line("s2/a", "test", "f0"), *unknown])
    assert str(leak) == "s2/a (test) = s1/a (train)"
    # As the facts of sign clips have it.
    (leak,) = frame_leaks([{"key": k, "split": k, "flags": [], "frames_sha256": "f0"} for k in ("a", "b")])
    assert leak.keys == {"a", "b"}


def test_one_video_under_two_sentences_is_flagged_on_both() -> None:
    same = [line("s1/a", "train", "f0"), line("s1/b", "train", "f0", "lay red"), line("s1/c", "train", "f0")]
    others = [line("s1/d", "train", "f1"), line("s1/e", "train", "f1"), line("s1/f", "train", "")]
    flagged = with_other_words([*same, *others])
    assert [OTHER_WORDS in found["flags"] for found in flagged] == [True] * 3 + [False] * 3
    assert flagged[0]["flags"] == sorted(["SHORT_CLIP", OTHER_WORDS])
