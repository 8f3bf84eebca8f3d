import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.leaks import HashedClip, content_leaks, raise_if_leaking
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
