import io
import json
import os
import pty
import termios

import pytest

from orchestrator.console.progress import Progress, lost_attempt
from orchestrator.console.quantities import duration, num_bytes


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1m 00s"), (3599, "59m 59s"), (3900, "1h 05m"), (183_600, "2d 3h")],
)
def test_durations(seconds, expected):
    assert duration(seconds) == expected


@pytest.mark.parametrize(("count", "expected"), [(0, "0 B"), (999, "999 B"), (1_126_000, "1.1 MB"), (37e9, "37.0 GB")])
def test_sizes(count, expected):
    assert num_bytes(count) == expected


def test_a_line_tells_share_and_what_is_in_quarantine():
    progress = Progress(10, 4, stream=io.StringIO())
    progress.clip(ok=True)
    progress.clip(ok=False)
    assert "6/10 clips (60 %)" in progress.line() and "1 quarantined" in progress.line()


def test_an_attempt_that_is_lost_is_counted_back():
    progress = Progress(10, 0, stream=io.StringIO())
    progress.clip(ok=True)
    progress.undo(1)
    assert "0/10" in progress.line()


def test_quiet_says_nothing():
    stream = io.StringIO()
    progress = Progress(10, 0, stream=stream, quiet=True)
    progress.say("loading")
    progress.tick()
    assert stream.getvalue() == ""


def test_without_a_terminal_lines_are_plain():
    stream = io.StringIO()
    Progress(10, 0, stream=stream).say("loading")
    assert stream.getvalue() == "loading\n"


def test_for_programs_every_line_is_an_object():
    stream = io.StringIO()
    progress = Progress(10, 4, stream=stream, as_json=True)
    progress.shards = (1, 3)
    progress.say("loading")
    progress.clip(ok=False)
    progress.close()
    assert [json.loads(line) for line in stream.getvalue().splitlines()] == [
        {"event": "said", "text": "loading"},
        {"event": "progress", "shards": [1, 3], "clips": [5, 10], "quarantined": 1},
    ]


@pytest.mark.parametrize(("code", "words", "said"), [
    (-9, "", "shard 3: the worker of attempt 1 was killed by SIGKILL"),
    (-99, "", "shard 3: the worker of attempt 1 was killed by signal 99"),
    (75, "RPC: away", "shard 3: the worker of attempt 1 ended with 75: RPC: away"),
])  # fmt: skip
def test_an_attempt_that_is_lost_is_told_by_name(code: int, words: str, said: str):
    assert lost_attempt(3, 1, code, words) == said


@pytest.mark.parametrize(("columns", "most"), [(40, 39), (200, 199), (0, 79)])
def test_a_line_fits_its_terminal(columns: int, most: int, monkeypatch: pytest.MonkeyPatch):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    monkeypatch.setattr("orchestrator.console.progress._TERMINAL_EVERY_S", 0.0)
    with open(theirs, "w", encoding="utf-8") as stream:  # noqa: PTH123
        progress = Progress(36, 0, stream=stream)
        progress.tick("0/12 shards " + 200 * "x")
        line = os.read(ours, 4096).decode().removeprefix("\r\x1b[K")
    os.close(ours)
    assert len(line) == most and line.startswith("0/36 clips (0 %)")
