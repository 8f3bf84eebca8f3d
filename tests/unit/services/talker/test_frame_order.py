"""Frames go to and fro, each turn once, over usable ones."""

from itertools import islice

import pytest

from services.base.errors import BadConfig
from services.talker.frame_order import to_and_fro


@pytest.mark.parametrize(
    ("usable", "start", "expected"),
    [
        ([0, 1, 2, 3], 0, [0, 1, 2, 3, 2, 1, 0, 1, 2]),
        ([0, 1, 2, 3], 2, [2, 3, 2, 1, 0, 1, 2, 3, 2]),
        ([0, 1, 2, 3], 3, [3, 2, 1, 0, 1, 2, 3, 2, 1]),
        ([2, 3, 7], 4, [7, 3, 2, 3, 7, 3, 2, 3, 7]),
        ([5], 0, [5] * 9),
    ],
)
def test_frames_go_up_and_down(usable, start, expected):
    assert list(islice(to_and_fro(usable, start), 9)) == expected


@pytest.mark.parametrize(("usable", "start", "reason"), [([], 0, "NO_FRAMES"), ([0, 4], 5, "START_FRAME")])
def test_what_cannot_be_shown_is_refused(usable, start, reason):
    with pytest.raises(BadConfig) as found:
        to_and_fro(usable, start)
    assert found.value.reason == reason
