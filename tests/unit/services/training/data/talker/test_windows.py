"""Windows of sound, what is held out, which frames have sound, and frames that are each other's negatives."""

import numpy as np
import pytest

from services.lips.talker_input import loud_frames
from services.training.data.talker.windows import (
    GAP_FRAMES,
    blocks_of,
    held_out_clips,
    held_out_frames,
)


@pytest.mark.parametrize("num_frames", [1, 10, 75, 200, 7500])
def test_held_out_frames_share_no_window_with_the_others(num_frames):
    learnt, held = held_out_frames(num_frames)
    assert len(held) == max(1, round(num_frames / 10)) and held[-1] == num_frames - 1
    assert not len(learnt) or held[0] - learnt[-1] > GAP_FRAMES


def test_of_ten_clips_or_more_whole_ones_are_held_out_the_same_each_time():
    names = [f"clip{i}" for i in range(47)]
    held = held_out_clips(names, 1)
    assert len(held) == 8 and held == held_out_clips(list(reversed(names)), 1) and held != held_out_clips(names, 2)
    assert held_out_clips(names[:9], 1) == frozenset()


def test_frames_with_sound_are_told_by_the_clips_own_loudness():
    sound = np.zeros(16000, np.int16)
    sound[4000:12000] = 3000 * np.sign(np.sin(np.arange(8000)))
    voiced = loud_frames(sound, 16000, 25, 25.0)
    assert voiced.tolist() == [6 <= i < 19 for i in range(25)]
    assert not loud_frames(np.zeros(16000, np.int16), 16000, 25, 25.0).any()
    assert loud_frames(sound[:8000], 16000, 25, 25.0)[13:].tolist() == [False] * 12


def test_frames_of_a_block_lie_apart_and_each_frame_is_in_one_at_most():
    blocks = blocks_of(range(75), 8, 5, 15)
    assert len(blocks) == 9
    assert all(set(np.diff(block)) == {9} for block in blocks)
    assert len({frame for block in blocks for frame in block}) == 72
    assert set(np.diff(blocks_of(range(7500), 8, 5, 15)[0])) == {15}
    assert blocks_of(range(39), 8, 5, 15) == []


@pytest.mark.parametrize("settings", [(1, 5, 15), (8, 0, 15), (8, 9, 5)])
def test_blocks_that_cannot_be_are_refused(settings):
    with pytest.raises(ValueError, match="blocks of"):
        blocks_of(range(75), *settings)
