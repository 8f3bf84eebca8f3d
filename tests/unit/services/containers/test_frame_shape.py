"""Chunk sizes and turns of a frame."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.containers.frame_shape import (
    MAX_FRAMES_PER_CHUNK,
    copy_rotated,
    num_frames_per_chunk,
    right_angle_deg,
    square_size_px,
)

sizes = st.integers(1, 5000)


@given(height_px=sizes, width_px=sizes, chunk_bytes=st.integers(1, 1 << 32))
def test_a_chunk_holds_as_many_frames_as_fit_at_least_one_at_most_64(height_px, width_px, chunk_bytes):
    num_frames = num_frames_per_chunk(height_px, width_px, chunk_bytes)
    frame_bytes = height_px * width_px * 3
    assert 1 <= num_frames <= MAX_FRAMES_PER_CHUNK
    assert num_frames == 1 or num_frames * frame_bytes <= chunk_bytes
    assert num_frames == MAX_FRAMES_PER_CHUNK or (num_frames + 1) * frame_bytes > chunk_bytes


@pytest.mark.parametrize(
    ("clockwise_deg", "expected_deg"),
    [(0, 0), (90, 90), (-90, 270), (180, 180), (-180, 180), (270, 270), (89.4, 90), (-0.5, 0), (45, None), (92, None)],
)
def test_only_quarter_turns_count(clockwise_deg, expected_deg):
    assert right_angle_deg(clockwise_deg) == expected_deg


@given(height_px=st.integers(1, 9), width_px=st.integers(1, 9), padding=st.integers(0, 5), num_turns=st.integers(0, 3))
def test_a_frame_with_padded_rows_is_turned_clockwise(height_px, width_px, padding, num_turns):
    rows = np.random.default_rng(0).integers(0, 256, (height_px, (width_px + padding) * 3), np.uint8)
    frame_HWC = rows.reshape(height_px, -1, 3)[:, :width_px]
    expected = np.rot90(frame_HWC, k=-num_turns)
    out_HWC = np.zeros(expected.shape, np.uint8)
    copy_rotated(frame_HWC, num_turns * 90, out_HWC)
    np.testing.assert_array_equal(out_HWC, expected)


def test_a_quarter_turn_clockwise_moves_the_top_left_corner_to_the_top_right():
    frame_HWC = np.zeros((2, 3, 3), np.uint8)
    frame_HWC[0, 0] = 255
    out_HWC = np.zeros((3, 2, 3), np.uint8)
    copy_rotated(frame_HWC, 90, out_HWC)
    assert out_HWC[0, 1].tolist() == [255, 255, 255]
    assert out_HWC.sum() == 3 * 255


@pytest.mark.parametrize(
    ("size_px", "aspect", "max_pixels", "expected"),
    [
        pytest.param((360, 288), "1", 10**6, (360, 288), id="square"),
        pytest.param((720, 576), "64/45", 10**6, (1024, 576), id="wide pixels widen the picture"),
        pytest.param((720, 480), "8/9", 10**6, (720, 540), id="tall ones make it taller"),
        pytest.param((1920, 1080), "4320/4321", 10**7, (1920, 1080), id="rounding of an encoder is no aspect"),
        pytest.param((100, 100), "2", 10_000, (100, 50), id="over the limit on pixels the other side shrinks"),
        pytest.param((100, 100), "1/2", 10_000, (50, 100), id="either way"),
        pytest.param((3, 1), "1/8", 1, (1, 1), id="never to nothing"),
        pytest.param((100, 100), "1000", 10**9, None, id="no picture has such pixels"),
        pytest.param((100, 100), "1/1000", 10**9, None, id="nor such"),
    ],
)
def test_a_picture_with_square_pixels(size_px, aspect, max_pixels, expected) -> None:
    assert square_size_px(*size_px, Fraction(aspect), max_pixels) == expected
