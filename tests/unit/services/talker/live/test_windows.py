"""Sound in pieces lasts whole pictures, and each picture has the window of the whole sound."""

import numpy as np
import pytest

from services.lips.talker_input import window_of
from services.talker.live.windows import WholePictures, windows_around


@pytest.mark.parametrize("size", [1, 100, 640, 20_000])
@pytest.mark.parametrize(
    ("num_samples", "num_pictures"), [(1, 1), (319, 1), (640, 1), (6_400, 10), (6_719, 10), (6_721, 11), (7_000, 11)]
)
def test_sound_is_cut_or_filled_up_to_the_pictures_that_fit_best(
    num_samples: int, num_pictures: int, size: int
) -> None:
    sound_T = np.arange(1, num_samples + 1, dtype=np.int16)
    whole = WholePictures(np.split(sound_T, range(size, num_samples, size)), 16_000, 25.0)
    made_T = np.concatenate(list(whole))
    expected_T = np.pad(sound_T, (0, 640))[: 640 * num_pictures]
    assert whole.num_pictures == num_pictures
    np.testing.assert_array_equal(made_T, np.pad(expected_T, (0, 640 * num_pictures - len(expected_T))))


@pytest.mark.parametrize("num_rows", [1, 5, 9, 30])
@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize("size", [1, 4, 30])
def test_windows_are_those_of_all_rows(num_rows: int, more: int, size: int) -> None:
    rows_TX = np.random.default_rng(0).standard_normal((num_rows, 3)).astype(np.float32)
    num_pictures = max(1, num_rows + more)
    found = list(windows_around(np.split(rows_TX, range(size, num_rows, size)), lambda: num_pictures))
    np.testing.assert_array_equal(found, [window_of(rows_TX, frame) for frame in range(num_pictures)])


def test_a_window_comes_when_its_last_row_does() -> None:
    given = 0

    def rows() -> object:
        nonlocal given
        for _ in range(40):
            given += 1
            yield np.zeros((1, 3), np.float32)

    windows = windows_around(rows(), lambda: 40)
    assert [next(windows) is not None and given for _ in range(3)] == [8, 9, 10]
