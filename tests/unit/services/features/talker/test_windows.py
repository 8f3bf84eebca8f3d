"""Rows of features are counted and cut as the heads that were trained elsewhere expect them."""

import numpy as np
import pytest

from services.features.talker.mel import num_rows
from services.features.talker.windows import averaged, mel_windows, num_windows, with_ends


def first_row(window: int, num_mel_rows: int, fps: float) -> int:
    """Where a window begins: at its frame's time, or where the last whole one does."""
    return min(int(80 * (window / fps)), num_mel_rows - 16)


@pytest.mark.parametrize(("duration_s", "rows"), [(2, 49), (8, 199), (10, 249), (60, 1_499), (300, 7_499)])
def test_rows_at_25_frames_a_second_are_one_fewer_than_frames(duration_s: int, rows: int) -> None:
    assert num_windows(num_rows(16_000 * duration_s), 25.0) + 2 == rows == 25 * duration_s - 1


@pytest.mark.parametrize(("fps", "rows"), [(20.0, 200), (25.0, 249), (29.97, 298), (30.0, 298), (50.0, 494)])
def test_at_another_rate_the_same_rule_counts_in_its_frames(fps: float, rows: int) -> None:
    num_mel_rows = num_rows(160_000)
    assert num_windows(num_mel_rows, fps) + 2 == rows


@pytest.mark.parametrize("piece", [1, 16, 40, 500])
@pytest.mark.parametrize("fps", [25.0, 50.0, 12.5])
def test_windows_are_those_of_the_whole_whatever_the_pieces(piece: int, fps: float) -> None:
    mel_TB = np.random.default_rng(1).standard_normal((161, 80)).astype(np.float32)
    pieces = (mel_TB[first : first + piece] for first in range(0, 161, piece))
    made_NBT = np.concatenate(list(mel_windows(pieces, fps)))
    begins = [first_row(window, 161, fps) for window in range(num_windows(161, fps))]
    assert fps != 25 or (begins[:6] == [0, 3, 6, 9, 12, 16] and begins[-3:] == [140, 144, 145])
    np.testing.assert_array_equal(made_NBT, np.stack([mel_TB[begin : begin + 16].T for begin in begins]))


def test_bands_are_averages_of_two_and_a_half_bins() -> None:
    window_BT = np.repeat(np.arange(80, dtype=np.float32)[:, None], 16, axis=1)
    bands_TB = averaged(window_BT[None]).reshape(16, 32)
    assert bands_TB[0, :2].tolist() == pytest.approx([(0 + 1 + 2 / 2) / 2.5, (2 / 2 + 3 + 4) / 2.5])
    assert averaged(np.ones((2, 80, 16), np.float32)) == pytest.approx(np.ones((2, 512)))


def test_a_band_follows_the_time_of_the_window() -> None:
    window_BT = np.repeat(np.arange(16, dtype=np.float32)[None], 80, axis=0)
    np.testing.assert_allclose(averaged(window_BT[None]).reshape(16, 32)[:, 3], np.arange(16))


@pytest.mark.parametrize("sizes", [[3], [1, 1, 1], [2, 1]])
def test_the_first_and_the_last_row_are_there_twice(sizes: list[int]) -> None:
    pieces = np.split(np.array([[1], [2], [3]], np.float32), np.cumsum(sizes)[:-1])
    assert np.concatenate(list(with_ends(pieces)))[:, 0].tolist() == [1, 1, 2, 3, 3]
