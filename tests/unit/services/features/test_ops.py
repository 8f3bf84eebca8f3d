"""The stretch of frames and the padding of sequences."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.features.ops import by_pieces, cut, padded, stretched


def test_the_stretch_is_opencvs_bilinear_one_frame_by_frame() -> None:
    frames_NHWC = np.random.default_rng(0).integers(0, 256, (3, 48, 90, 3), dtype=np.uint8)
    small_NHWC = stretched(frames_NHWC, 31)
    for frame_HWC, small_HWC in zip(frames_NHWC, small_NHWC, strict=True):
        assert np.array_equal(small_HWC, cv2.resize(frame_HWC, (31, 31), interpolation=cv2.INTER_LINEAR))


def test_frames_of_the_size_are_left_as_they_are() -> None:
    frames_NHWC = np.zeros((2, 299, 299, 3), np.uint8)
    assert stretched(frames_NHWC) is frames_NHWC


def test_a_view_is_stretched_like_its_copy() -> None:
    frames_NHWC = np.random.default_rng(1).integers(0, 256, (2, 40, 40, 3), dtype=np.uint8)
    view_NHWC = frames_NHWC[:, ::2, 5:35, ::-1]
    assert np.array_equal(stretched(view_NHWC), stretched(view_NHWC.copy()))


@pytest.mark.parametrize(
    "frames", [np.zeros((1, 4, 4, 3), np.float32), np.zeros((4, 4, 3), np.uint8), np.zeros((1, 4, 4, 1), np.uint8)]
)
def test_anything_but_rgb_frames_is_refused(frames: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"uint8 \[N,H,W,3\]"):
        stretched(frames)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_cutting_undoes_padding(lengths: list[int]) -> None:
    sequences = [np.random.default_rng(n).random((n, 3), dtype=np.float32) for n in lengths]
    padded_NTC, lengths_N = padded(sequences)
    assert padded_NTC.shape == (len(lengths), max(lengths), 3)
    assert all(not row[n:].any() for row, n in zip(padded_NTC, lengths, strict=True))
    for sequence, again in zip(sequences, cut(padded_NTC, lengths_N), strict=True):
        assert np.array_equal(sequence, again)


@pytest.mark.parametrize(
    ("sequences", "says"),
    [
        ([], "at least one"),
        ([np.zeros((0, 3), np.float32)], "none empty"),
        ([np.zeros(3, np.float32)], r"\[T, C\]"),
        ([np.zeros((1, 3), np.float32), np.zeros((1, 4), np.float32)], "agree in their channels"),
    ],
)
def test_sequences_that_cannot_be_padded_are_refused(sequences: list[np.ndarray], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        padded(sequences)


@pytest.mark.parametrize("num_frames", [1, 4, 5, 9])
def test_pieces_hold_no_more_than_asked_and_are_joined_in_order(num_frames: int) -> None:
    sizes = []

    def first_pixels(frames_NHWC: np.ndarray) -> np.ndarray:
        sizes.append(len(frames_NHWC))
        return frames_NHWC[:, 0, 0, :1].astype(np.float32)

    frames_NHWC = np.arange(num_frames, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)
    assert by_pieces(first_pixels, frames_NHWC, 4)[:, 0].tolist() == list(range(num_frames))
    assert max(sizes) <= 4
