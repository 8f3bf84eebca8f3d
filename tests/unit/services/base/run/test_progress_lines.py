"""Progress that a command reports is read back, and nothing else is taken for it."""

import pytest

from services.base.run.progress_lines import FrameProgress, FramesDone, Phase, parsed_line, report


@pytest.mark.parametrize("event", [Phase("painting"), FramesDone(3, 300), FramesDone(7, 0)])
def test_what_is_reported_is_read_back(event, capsys):
    report(event)
    assert parsed_line(capsys.readouterr().err) == event


@pytest.mark.parametrize(
    "line", ["", "10 of 20", '{"event": "progress", "frames": [1]}', '{"event": "progress", ', "{}"]
)
def test_other_lines_are_no_progress(line):
    assert parsed_line(line) is None


def test_frames_are_reported_now_and_then_and_the_last_at_once(capsys):
    progress = FrameProgress()
    for num in range(100):
        progress(num, 99)
    reported = [parsed_line(line) for line in capsys.readouterr().err.splitlines()]
    assert reported[0] == FramesDone(1, 99) and reported[-1] == FramesDone(99, 99) and len(reported) < 20
