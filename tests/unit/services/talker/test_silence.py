"""Silences of .4 s and more, the mouth that is held in them, and how much it moves."""

import numpy as np

from services.talker.silence import MouthMeter, held_rows, runs_of, silent_frames

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


def test_movement_in_silence_is_a_share_of_that_in_speech():
    meter = MouthMeter([False, False, False, True, True])
    for frame, value in enumerate((0, 20, 0, 10, 0)):
        meter.add(frame, np.full((160, 160, 3), value, np.uint8))
    assert meter.silent_share == 0.5
    assert MouthMeter([False]).silent_share is None
