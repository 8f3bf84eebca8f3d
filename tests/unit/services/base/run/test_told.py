"""What a command tells of its work is read back, and nothing else is taken for it."""

import pytest

from services.base.run.told import Doing, FramesDone, FramesTold, tell, told_in


@pytest.mark.parametrize("event", [Doing("painting"), FramesDone(3, 300), FramesDone(7, 0)])
def test_what_is_told_is_read_back(event, capsys):
    tell(event)
    assert told_in(capsys.readouterr().err) == event


@pytest.mark.parametrize("line", ["", "10 of 20", '{"event": "told", "frames": [1]}', '{"event": "told", ', "{}"])
def test_other_lines_tell_nothing(line):
    assert told_in(line) is None


def test_frames_are_told_now_and_then_and_the_last_at_once(capsys):
    told = FramesTold()
    for num in range(100):
        told(num, 99)
    said = [told_in(line) for line in capsys.readouterr().err.splitlines()]
    assert said[0] == FramesDone(1, 99) and said[-1] == FramesDone(99, 99) and len(said) < 20
