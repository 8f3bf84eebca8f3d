"""Frames that a caller streams are cut into batches as the stage cuts a clip, without waiting for more than a batch."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="the features extra is not installed")

from services.base.media.video import FrameChunk
from services.features.rpc import batches_of


def chunks_of(sizes: list[int], asked: list[int]) -> Iterator[FrameChunk]:
    """Chunks whose frames hold their index; `asked` is told of each that is read."""
    first = 0
    for size in sizes:
        asked.append(size)
        index_T = np.arange(first, first + size)
        yield FrameChunk(first, np.repeat(index_T, 3).astype(np.uint8).reshape(size, 1, 1, 3), index_T / 10.0)
        first += size


@given(st.lists(st.integers(1, 7), max_size=8), st.integers(1, 5))
def test_batches_hold_every_frame_once_in_order_and_are_full_but_the_last(sizes: list[int], size: int) -> None:
    batches = [list(batch) for batch in batches_of(chunks_of(sizes, []), size)]
    frames = [index for batch in batches for chunk in batch for index in chunk.frames_THWC[:, 0, 0, 0].tolist()]
    assert frames == list(range(sum(sizes)))
    lengths = [sum(map(len, batch)) for batch in batches]
    assert all(length == size for length in lengths[:-1])
    assert lengths[-1] <= size
    for chunk in (chunk for batch in batches for chunk in batch):
        assert chunk.first_index == chunk.frames_THWC[0, 0, 0, 0]
        assert chunk.pts_s[0] == chunk.first_index / 10.0


def test_a_full_batch_is_given_before_the_next_chunk_is_asked_for() -> None:
    asked: list[int] = []
    batches = batches_of(chunks_of([2, 2, 3], asked), 4)
    assert sum(map(len, next(batches))) == 4
    assert asked == [2, 2]
    assert sum(map(len, next(batches))) == 3
    assert next(batches, None) is None


def test_no_frame_at_all_is_one_empty_batch_for_the_stage_to_refuse() -> None:
    assert [list(batch) for batch in batches_of(iter([]), 4)] == [[]]
