"""Rows of features are counted and cut as the heads that were trained elsewhere expect them."""

import numpy as np
import pytest

from services.features.talker.mel import num_rows
from services.features.talker.windows import averaged, first_row, mel_windows, num_windows, with_ends


@pytest.mark.parametrize(("duration_s", "rows"), [(2, 49), (8, 199), (10, 249), (60, 1_499), (300, 7_499)])
def test_rows_at_25_frames_a_second_are_one_fewer_than_frames(duration_s: int, rows: int) -> None:
    assert num_windows(num_rows(16_000 * duration_s), 25.0) + 2 == rows == 25 * duration_s - 1


@pytest.mark.parametrize(("fps", "rows"), [(20.0, 200), (25.0, 249), (29.97, 298), (30.0, 298), (50.0, 494)])
def test_at_another_rate_the_same_rule_counts_in_its_frames(fps: float, rows: int) -> None:
    num_mel_rows = num_rows(160_000)
    assert num_windows(num_mel_rows, fps) + 2 == rows
    assert first_row(60, num_mel_rows, fps) == int(80 * 60 / fps)


def test_a_window_begins_at_its_frames_time_and_the_last_ones_with_the_last_whole_one() -> None:
    begins = [first_row(window, 161, 25.0) for window in range(num_windows(161, 25.0))]
    assert begins[:6] == [0, 3, 6, 9, 12, 16]
    assert begins[-3:] == [140, 144, 145]


@pytest.mark.parametrize("piece", [1, 16, 40, 500])
@pytest.mark.parametrize("fps", [25.0, 50.0, 12.5])
def test_windows_are_those_of_the_whole_whatever_the_pieces(piece: int, fps: float) -> None:
    mel_TB = np.random.default_rng(1).standard_normal((161, 80)).astype(np.float32)
    pieces = (mel_TB[first : first + piece] for first in range(0, 161, piece))
    made_NBT = np.concatenate(list(mel_windows(pieces, 161, fps)))
    begins = [first_row(window, 161, fps) for window in range(num_windows(161, fps))]
    np.testing.assert_array_equal(made_NBT, np.stack([mel_TB[begin : begin + 16].T for begin in begins]))


def test_bands_are_averages_of_two_and_a_half_bins() -> None:
    window_BT = np.repeat(np.arange(80, dtype=np.float32)[:, None], 16, axis=1)
    bands_TB = averaged(window_BT[None]).reshape(16, 32)
    assert bands_TB[0, :2].tolist() == pytest.approx([(0 + 1 + 2 / 2) / 2.5, (2 / 2 + 3 + 4) / 2.5])
    assert averaged(np.ones((2, 80, 16), np.float32)) == pytest.approx(np.ones((2, 512)))


def test_a_band_follows_the_time_of_the_window() -> None:
    window_BT = np.repeat(np.arange(16, dtype=np.float32)[None], 80, axis=0)
    np.testing.assert_allclose(averaged(window_BT[None]).reshape(16, 32)[:, 3], np.arange(16))


def test_the_first_and_the_last_row_are_there_twice() -> None:
    assert with_ends(np.array([[1], [2], [3]], np.float32))[:, 0].tolist() == [1, 1, 2, 3, 3]
