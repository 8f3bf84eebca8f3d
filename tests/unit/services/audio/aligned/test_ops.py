"""Samples are cut and padded to the length of the pictures, and 16-bit ones stay what they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audio.aligned.ops import Alignment, alignment, to_float32, to_int16


@pytest.mark.parametrize(
    ("num_late", "num_samples", "num_wanted", "placed"),
    [
        (0, 100, 100, Alignment(0, 0, 100, 0, 0)),
        (0, 120, 100, Alignment(0, 0, 100, 20, 0)),
        (0, 70, 100, Alignment(0, 0, 70, 0, 30)),
        (10, 90, 100, Alignment(0, 10, 90, 0, 0)),
        (10, 95, 100, Alignment(0, 10, 90, 5, 0)),
        (-10, 100, 100, Alignment(10, 0, 90, 0, 10)),
        (-10, 130, 100, Alignment(10, 0, 100, 20, 0)),
        (500, 50, 100, Alignment(0, 100, 0, 50, 0)),
        (-500, 50, 100, Alignment(50, 0, 0, 0, 100)),
    ],
    ids=["same", "longer", "shorter", "late", "late, longer", "early", "early, longer", "after", "before"],
)
def test_where_a_sound_lies_decides_what_is_cut_and_padded(
    num_late: int, num_samples: int, num_wanted: int, placed: Alignment
) -> None:
    assert alignment(num_late, num_samples, num_wanted) == placed


@given(st.integers(-300, 300), st.integers(0, 300), st.integers(1, 300))
def test_every_sample_is_kept_or_cut_and_all_that_is_wanted_is_there(late: int, samples: int, wanted: int) -> None:
    placed = alignment(late, samples, wanted)
    assert placed.num_cut_start + placed.num_kept + placed.num_cut_end == samples
    assert placed.num_padded_start + placed.num_kept + placed.num_padded_end == wanted
    assert min(vars(placed).values()) >= 0


def test_samples_of_16_bits_come_back_as_they_were() -> None:
    every_T = np.arange(-32_768, 32_768, dtype=np.int16)
    np.testing.assert_array_equal(to_int16(to_float32(every_T)), every_T)


def test_samples_are_rounded_and_clipped() -> None:
    samples_T = np.array([0.6, -0.6, 40_000, -40_000], np.float32) / 32_768
    assert to_int16(samples_T).tolist() == [1, -1, 32_767, -32_768]
