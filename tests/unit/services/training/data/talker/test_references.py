"""Pictures that need no network: which may be shown, which is nearest, and their mean."""

import numpy as np

from services.training.data.talker.person import Person
from services.training.data.talker.references import mean_of, nearest_of, references_of, spread


def person(num: int = 60) -> Person:
    """Of frames whose brightness is their number, three times."""
    crops = np.repeat(np.arange(num, dtype=np.uint8) * 3, 168 * 168 * 3).reshape(num, 168, 168, 3)
    marks = np.ones(num, np.bool_)
    return Person("a", "mel", crops, np.zeros((num, 512), np.float32), marks, marks, "a")


def test_a_reference_is_not_the_frame_itself_nor_near_it() -> None:
    assert min(abs(frame - 30) for frame in references_of(person(), 30)) == 16
    assert references_of(person(5), 2) == [0, 1, 3, 4]
    assert references_of(person(1), 0) == [0]


def test_many_are_thinned_out_from_end_to_end() -> None:
    found = spread(range(1000))
    assert (len(found), found[0], found[-1]) == (50, 0, 999) and spread([4, 7]) == [4, 7]


def test_the_nearest_looks_most_like_the_frame_and_the_mean_is_that_of_all() -> None:
    assert nearest_of(person(), 20, [0, 2, 50, 37]) == 37
    found = mean_of(person(), [10, 20])
    assert found.shape == (160, 160, 3) and (found == 45).all()
