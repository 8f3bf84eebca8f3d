"""A few frames of a clip of any length."""

import numpy as np
import pytest

from services.base.media.video import FrameChunk
from services.records.spread_frames import SpreadFrames


@pytest.mark.parametrize("num_frames", [1, 11, 12, 13, 100, 1000])
def test_frames_of_any_length_are_few_and_spread(num_frames: int) -> None:
    spread = SpreadFrames(12, 100)
    for first in range(0, num_frames, 7):
        num = min(7, num_frames - first)
        spread.push(FrameChunk(first, np.zeros((num, 8, 8, 3), np.uint8), np.zeros(num)))
        assert len(spread._kept) <= 24
    indices, frames_THWC = spread.frames()
    assert len(indices) == len(frames_THWC) == len(set(indices)) <= 12
    assert len(indices) >= min(num_frames, 6)
    assert indices[0] == 0 and indices[-1] >= num_frames * 0.75 - 1


def test_high_frames_are_made_smaller_and_low_ones_kept() -> None:
    spread = SpreadFrames(4, 100)
    assert spread.frames()[0] == []
    spread.push(FrameChunk(0, np.full((1, 200, 300, 3), 9, np.uint8), np.zeros(1)))
    assert spread.frames()[1].shape == (1, 100, 150, 3)
