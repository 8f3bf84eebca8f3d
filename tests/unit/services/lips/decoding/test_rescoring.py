"""A decoder has a share in the choice among a beam's texts."""

import numpy as np
import pytest

from services.lips.decoding.prefix_beam import Hypothesis
from services.lips.decoding.rescoring import decoder_ids, rescored

FIRST, SECOND = Hypothesis((0, 2), -1.0, -3.0), Hypothesis((1,), -2.0, -4.0)


def test_texts_have_their_marks_and_are_as_long_as_the_longest() -> None:
    assert decoder_ids([FIRST, SECOND, Hypothesis((), 0.0, 0.0)]).tolist() == [
        [1, 4, 6, 2],
        [1, 5, 2, 0],
        [1, 2, 0, 0],
    ]


@pytest.mark.parametrize(
    ("share", "best", "score"), [(0.0, FIRST, -3.0), (0.1, FIRST, -3.7), (0.5, SECOND, -4.5), (1.0, SECOND, -5.0)]
)
def test_the_share_decides(share: float, best: Hypothesis, score: float) -> None:
    assert rescored([FIRST, SECOND], np.array([-10.0, -5.0]), share) == (best, pytest.approx(score))


def test_of_equal_texts_the_first_is_chosen() -> None:
    assert rescored([FIRST, SECOND], np.array([-6.0, -5.0]), 0.5)[0] is FIRST
