"""What networks of a talking head are given."""

import numpy as np
import pytest

from services.lips.talker_input import FACE_PX, face_in, loud_frames, sound_input, window_of

ROWS = np.arange(30, dtype=np.float32)[:, None] + np.zeros((1, 4), np.float32)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (10, list(range(2, 18))),
        (0, [0] * 8 + list(range(8))),
        (29, [*range(21, 30), *[0] * 7]),
        (28, [*range(20, 30), *[0] * 6]),
        (100, [0] * 16),
    ],
)
def test_a_window_has_eight_rows_before_a_frame_and_zeros_beyond_the_ends(frame, expected):
    assert window_of(ROWS, frame)[:, 0].tolist() == expected


@pytest.mark.parametrize("crop_px", [328, 168])
def test_networks_see_the_inside_of_a_crop(crop_px):
    crop_HWC = np.zeros((crop_px, crop_px, 3), np.uint8)
    crop_HWC[4:-4, 4:-4] = 1
    assert face_in(crop_HWC).shape[0] == FACE_PX[crop_px] and face_in(crop_HWC).all()


@pytest.mark.parametrize(
    ("asr", "row", "shape"),
    [("ave", (512,), (32, 16, 16)), ("hubert", (2, 1024), (32, 32, 32)), ("wenet", (16, 512), (256, 16, 32))],
)
def test_a_window_has_the_shape_of_its_network(asr, row, shape):
    assert sound_input(asr, window_of(np.ones((30, *row), np.float32), 10)).shape == shape


def test_loud_frames_are_told_from_quiet_ones_of_the_same_sound():
    sound_T = np.concatenate([np.zeros(6400), 9000 * np.sin(np.arange(6400) / 5), np.full(6400, 100)]).astype(np.int16)
    assert loud_frames(sound_T, 16_000, 30, 25.0).tolist() == [False] * 10 + [True] * 10 + [False] * 10
    assert not loud_frames(np.zeros(1600, np.int16), 16_000, 5, 25.0).any()
