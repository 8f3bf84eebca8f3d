"""The split of each of many clips, in a few bytes each."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.runs.splits_by_key import SplitsByKey


@given(
    st.lists(st.tuples(st.text(max_size=3), st.sampled_from(["train", "val", "test"]))), st.lists(st.text(max_size=3))
)
def test_each_key_has_the_split_that_was_given_last(clips, others):
    splits = SplitsByKey(iter(clips))
    known = dict(clips)
    keys = [*known, *others]
    assert splits.of(keys) == [known.get(key, "") for key in keys]
    assert splits.names == {split for _, split in clips}


def test_of_many_clips_few_bytes_are_held():
    num_clips = 50_000
    tracemalloc.start()
    try:
        splits = SplitsByKey(
            (f"speaker{i % 7}/utterance{i:06d}", "val" if i % 100 == 0 else "train") for i in range(num_clips)
        )
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert splits.of(["speaker2/utterance000100", "speaker1/utterance000001", "none"]) == ["val", "train", ""]
    assert peak_bytes < 80 * num_clips, "a dictionary of the keys takes about 200"
