"""Samples are even, bounded, and the same for the same stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.text.coverage.sample import EvenSample, thinned


@given(num=st.integers(0, 3000), most=st.integers(2, 50))
def test_even_and_between_half_and_all_of_what_is_allowed(num: int, most: int) -> None:
    sample = EvenSample[int](most)
    for item in range(num):
        sample.add(item)
    assert sample.num_seen == num
    assert min(num, most / 2) <= len(sample.items) <= most
    step = sample.items[1] - sample.items[0] if len(sample.items) > 1 else 1
    assert sample.items == list(range(0, num, step))


@given(num=st.integers(0, 300), most=st.integers(1, 50))
def test_a_list_is_thinned_evenly(num: int, most: int) -> None:
    kept = thinned(range(num), most)
    assert len(kept) <= most
    step = kept[1] - kept[0] if len(kept) > 1 else max(num, 1)
    assert kept == list(range(0, num, step))


def test_a_sample_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="2 items"):
        EvenSample[int](1)
