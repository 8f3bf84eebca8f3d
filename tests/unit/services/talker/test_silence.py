"""Silences of .4 s and more, the mouth that is held in them, and how much it moves."""

import numpy as np
import pytest

from services.talker.silence import MOST_COMPARED, MouthMeter, held_rows, runs_of, silent_frames

LOUD = (9000 * np.sin(np.arange(640) / 5)).astype(np.int16)
QUIET = np.zeros(640, np.int16)


def test_a_pause_of_speech_is_no_silence():
    sound_T = np.concatenate([LOUD] * 5 + [QUIET] * 9 + [LOUD] * 5 + [QUIET] * 10)
    found = silent_frames(sound_T, 16_000, 29, 25.0)
    assert runs_of(found) == [(19, 29)]


def test_rows_of_silences_are_held_at_the_middle_of_the_longest():
    rows_TX = np.arange(12, dtype=np.float32)[:, None]
    silent_N = np.array([1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0], bool)
    assert held_rows(rows_TX, silent_N)[:, 0].tolist() == [6, 6, 2, 3, 6, 6, 6, 6, 8, 9, 10, 11]
    assert held_rows(rows_TX[:11], silent_N)[:, 0].tolist() == [6, 6, 2, 3, 6, 6, 6, 6, 8, 9, 10]
    assert held_rows(rows_TX, np.zeros(12, bool)) is rows_TX


def test_what_the_sound_moves_in_silence_is_a_share_of_that_in_speech():
    meter = MouthMeter(np.arange(200) >= 120)
    assert len(meter.frames) == 2 * MOST_COMPARED and min(meter.frames) == 1 and max(meter.frames) == 199
    assert 120 not in meter.frames, "its frame before is of speech"
    for frame in sorted(meter.frames):
        moved = 5 if frame > 120 else 20
        # Between frames the whole face changes by more: that is the head, and does not count.
        face = np.full((160, 160, 3), frame, np.uint8)
        meter.add(frame, face, face + np.uint8(moved))
    assert meter.silent_share == 0.25


@pytest.mark.parametrize("silent_N", [np.ones(9, bool), np.zeros(9, bool), np.ones(1, bool), np.ones(0, bool)])
def test_nothing_is_compared_where_there_is_only_speech_or_only_silence(silent_N):
    assert MouthMeter(silent_N).frames == frozenset() and MouthMeter(silent_N).silent_share is None
