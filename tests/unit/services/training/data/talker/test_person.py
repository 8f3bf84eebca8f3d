"""A person's arrays fit together."""

import numpy as np
import pytest

from services.training.data.talker.person import Person


def made(num_crops: int = 5, num_rows: int = 4, **changed: object) -> Person:
    values = {
        "crops_NHWC": np.zeros((num_crops, 8, 8, 3), np.uint8),
        "rows_TX": np.zeros((num_rows, 512), np.float32),
        "usable_N": np.ones(num_crops, np.bool_),
        "voiced_N": np.ones(num_crops, np.bool_),
    }
    return Person("a", "mel", **{**values, **changed}, digest="d")  # type: ignore[arg-type]


def test_frames_are_those_with_a_row_and_a_face():
    person = made(usable_N=np.array([True, False, True, True, True]))
    assert person.num_frames == 4 and person.frames(range(5)) == [0, 2, 3]
    assert made(num_rows=9).num_frames == 5


@pytest.mark.parametrize(
    "changed",
    [
        {"crops_NHWC": np.zeros((5, 8, 9, 3), np.uint8)},
        {"usable_N": np.ones(4, np.bool_)},
        {"voiced_N": np.ones(6, np.bool_)},
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(changed):
    with pytest.raises(ValueError, match=r"of a|a has"):
        made(**changed)
