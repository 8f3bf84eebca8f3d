import numpy as np
import pytest

from services.lips.decoding.greedy import greedy


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ([], ()),
        ([2, 2], ()),
        ([0, 0, 1], (0, 1)),
        ([0, 2, 0], (0, 0)),
        ([2, 1, 1, 2, 2, 0, 2], (1, 0)),
    ],
)
def test_equal_neighbours_are_one_and_blanks_none(path: list[int], ids: tuple[int, ...]) -> None:
    log_probs_SK = np.log(np.full((len(path), 3), 0.1, np.float32) + 0.7 * np.eye(3, dtype=np.float32)[path])
    assert greedy(log_probs_SK, blank=2) == ids


def test_of_equally_likely_classes_the_first_is_taken() -> None:
    assert greedy(np.zeros((1, 3), np.float32), blank=2) == (0,)
