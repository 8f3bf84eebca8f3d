"""Batches that fit: whole while there is memory, halved while there is not, never lost, never out of order."""

import logging
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.errors import BadInput, OutOfMemory
from services.features.batching.batcher import RECOVER_AFTER, AdaptiveBatcher, FittingSize


class Memory:
    """A model that fits `room` items at once; room may change from call to call."""

    def __init__(self, *room: int) -> None:
        self.room = list(room)
        self.tried: list[int] = []

    def __call__(self, items: list[int]) -> list[int]:
        self.tried.append(len(items))
        room = self.room[0] if len(self.room) == 1 else self.room.pop(0)
        if len(items) > room:
            raise OutOfMemory(f"{len(items)} over {room}")
        return [2 * item for item in items]


def run(batcher: AdaptiveBatcher, memory: Memory, items: list[int]) -> list[int]:
    return [answer for piece in batcher.run(memory, items, "clip") for answer in piece]


def test_a_batch_that_fits_goes_through_whole() -> None:
    memory, batcher = Memory(100), AdaptiveBatcher(32)
    assert run(batcher, memory, list(range(32))) == [2 * i for i in range(32)]
    assert memory.tried == [32]


def test_a_batch_that_does_not_fit_is_halved_until_it_does() -> None:
    memory, batcher = Memory(5), AdaptiveBatcher(32)
    assert run(batcher, memory, list(range(32))) == [2 * i for i in range(32)]
    assert memory.tried[:4] == [32, 16, 8, 4]
    assert set(memory.tried[3:]) == {4}


def test_the_next_batch_begins_with_what_fitted() -> None:
    memory, batcher = Memory(16), AdaptiveBatcher(32)
    run(batcher, memory, list(range(32)))
    run(batcher, memory, list(range(32)))
    assert memory.tried == [32, 16, 16, 16, 16]


def test_a_single_item_that_does_not_fit_is_the_clips_end_and_not_the_next_ones() -> None:
    memory, batcher = Memory(0), AdaptiveBatcher(4)
    with pytest.raises(BadInput, match=r"OUT_OF_MEMORY.*s1/huge: one item alone") as caught:
        batcher.run(memory, [1, 2, 3, 4], "s1/huge")
    assert "1 over 0" in caught.value.detail
    assert memory.tried == [4, 2, 1]
    assert run(batcher, Memory(4), [1, 2, 3, 4]) == [2, 4, 6, 8]


def test_memory_that_comes_back_is_used_again() -> None:
    batcher = AdaptiveBatcher(32)
    run(batcher, Memory(8), list(range(32)))
    assert batcher.size == 8
    roomy = Memory(32)
    for _ in range(20):
        run(batcher, roomy, list(range(32)))
    assert batcher.size == 32
    assert roomy.tried[-1] == 32


def test_a_device_that_stays_full_is_tried_ever_more_rarely() -> None:
    batcher, full = AdaptiveBatcher(32), Memory(16)
    for _ in range(200):
        run(batcher, full, list(range(32)))
    failures = [i for i, tried in enumerate(full.tried) if tried == 32]
    gaps = np.diff(failures)
    assert len(failures) < 10
    assert all(later >= earlier for earlier, later in pairwise(gaps))


def test_what_memory_forced_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        run(AdaptiveBatcher(4), Memory(2), [1, 2, 3, 4])
    assert "clip: 4 items do not fit into memory, trying 2" in caplog.text


def test_other_errors_pass_through() -> None:
    def broken(items: list[int]) -> list[int]:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        AdaptiveBatcher(4).run(broken, [1], "clip")


def test_more_than_a_batch_at_once_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="at most 4 items, not 5"):
        AdaptiveBatcher(4).run(Memory(9), [1, 2, 3, 4, 5], "clip")


def test_arrays_are_cut_like_lists() -> None:
    frames = np.arange(12, dtype=np.uint8).reshape(6, 2)

    def sums(batch: np.ndarray) -> np.ndarray:
        if len(batch) > 2:
            raise OutOfMemory
        return batch.sum(axis=1)

    assert np.concatenate(AdaptiveBatcher(8).run(sums, frames, "clip")).tolist() == frames.sum(axis=1).tolist()


@given(st.integers(1, 40), st.lists(st.integers(1, 50), min_size=1, max_size=40), st.data())
def test_every_item_is_answered_once_in_order_whatever_memory_does(
    most: int, room: list[int], data: st.DataObject
) -> None:
    batcher, memory = AdaptiveBatcher(most), Memory(*room)
    for _ in range(4):
        items = list(range(data.draw(st.integers(0, most))))
        assert run(batcher, memory, items) == [2 * item for item in items]
        assert 1 <= batcher.size <= most
        assert max(memory.tried, default=0) <= most


@given(st.integers(1, 64), st.lists(st.tuples(st.booleans(), st.integers(1, 64)), max_size=300))
def test_a_fitting_size_stays_within_bounds_and_is_never_tried_for_nothing(
    most: int, events: list[tuple[bool, int]]
) -> None:
    fitting = FittingSize(most, most)
    for fits, wanted in events:
        num_items = min(wanted, fitting.size)
        after = fitting.after_success(num_items) if fits else fitting.after_failure(num_items)
        if after is None:
            assert num_items == 1
            continue
        if fits:
            assert fitting.size <= after.size <= 2 * fitting.size
        else:
            assert after.size <= num_items / 2
        fitting = after


def test_part_batches_prove_nothing_about_whole_ones() -> None:
    fitting = FittingSize(32, 16)
    for _ in range(3 * RECOVER_AFTER):
        fitting = fitting.after_success(3)
    assert fitting.size == 16


@pytest.mark.parametrize("size", [0, 33])
def test_a_size_out_of_bounds_cannot_exist(size: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 32"):
        FittingSize(32, size)
