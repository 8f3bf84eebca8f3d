"""Clips of near lengths get one length, and padding adds less than a quarter."""

import numpy as np
import pytest

from services.triton.padding import padded_axes, padded_length


@pytest.mark.parametrize(
    ("num_frames", "length"),
    [(1, 8), (8, 8), (9, 10), (15, 16), (16, 16), (17, 20), (65, 80), (75, 80), (80, 80), (81, 96), (3000, 3072)],
)
def test_a_clip_is_padded_to_the_next_of_a_few_lengths(num_frames: int, length: int) -> None:
    assert padded_length(num_frames) == length


def test_lengths_are_few_and_padding_is_less_than_a_quarter() -> None:
    lengths = [padded_length(num_frames) for num_frames in range(1, 3001)]
    assert len(set(lengths)) == 35
    assert all(1 <= length / (i + 1) < 1.25 for i, length in enumerate(lengths) if i >= 7)


def test_what_is_added_is_black_and_behind_along_the_axes_that_are_named() -> None:
    found = padded_axes(np.full((1, 9, 3, 4), 7, np.uint8), [1, 2])
    assert found.shape == (1, 10, 8, 4) and found.dtype == np.uint8
    assert (found[:, :9, :3] == 7).all() and not found[:, 9].any() and not found[:, :, 3:].any()
