"""Where the characters of a text lie in time."""

import numpy as np
import pytest

from services.lips.alignment import likeliest_steps

BLANK = 2


def sure_of(*classes: int) -> np.ndarray:
    """Ln of 0.8 for the class of each step, 0.1 for the two others."""
    probs_SK = np.full((len(classes), 3), 0.1)
    probs_SK[np.arange(len(classes)), classes] = 0.8
    return np.log(probs_SK).astype(np.float32)


@pytest.mark.parametrize(
    ("path", "ids", "steps"),
    [
        ((2, 0, 2, 1, 2), (0, 1), [1, 3]),
        ((0, 1), (0, 1), [0, 1]),
        ((2, 0, 2, 0, 2), (0, 0), [1, 3]),
        ((2, 2, 2), (), []),
        ((1, 1, 1, 2), (1,), [0]),
    ],
)
def test_each_character_lies_where_the_path_is_surest(
    path: tuple[int, ...], ids: tuple[int, ...], steps: list[int]
) -> None:
    assert likeliest_steps(sure_of(*path), ids, BLANK) == steps


def test_equal_neighbours_need_a_blank_between_them() -> None:
    with pytest.raises(ValueError, match="no path"):
        likeliest_steps(sure_of(0, 0), (0, 0), BLANK)
