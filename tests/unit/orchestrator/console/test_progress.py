import io
import json
import os
import pty
import re
import subprocess
import sys
import termios

import pytest

from orchestrator.console.progress import Progress, lost_attempt
from services.base.process.quantities import duration, num_bytes


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


def test_of_a_single_clip_frames_are_counted():
    stream = io.StringIO()
    progress = Progress(1, 0, stream=stream, as_json=True)
    assert "0/1 clips" in progress.line()
    progress.frames(50, 200)
    assert "50/200 frames (25 %)" in progress.line()
    progress.close()
    assert json.loads(stream.getvalue())["frames"] == [50, 200]
    progress.frames(20, 200)
    assert "20/200 frames (10 %)" in progress.line(), "another attempt begins anew"
    progress.clip(ok=True)
    assert "1/1 clips (100 %)" in progress.line()


@pytest.mark.parametrize(("num_clips", "num_claimed"), [(2, 200), (1, 0)])
def test_of_several_clips_and_of_one_that_claims_no_length_clips_are_counted(num_clips, num_claimed):
    progress = Progress(num_clips, 0, stream=io.StringIO())
    progress.frames(50, num_claimed)
    assert f"0/{num_clips} clips" in progress.line()


def test_beside_those_of_others_a_line_says_whose_it_is():
    stream = io.StringIO()
    progress = Progress(10, 4, stream=stream, of="am")
    progress.say("loading")
    assert stream.getvalue() == "am: loading\n"
    stream = io.StringIO()
    Progress(10, 4, stream=stream, of="am", as_json=True).close()
    assert json.loads(stream.getvalue())["dataset"] == "am"


@pytest.mark.parametrize(("code", "words", "said"), [
    (-9, "", "shard 3: the worker of attempt 1 was killed by SIGKILL"),
    (-99, "", "shard 3: the worker of attempt 1 was killed by signal 99"),
    (75, "RPC: away", "shard 3: the worker of attempt 1 ended with 75: RPC: away"),
])  # fmt: skip
def test_an_attempt_that_is_lost_is_told_by_name(code: int, words: str, said: str):
    assert lost_attempt(3, 1, code, words) == said


def on_terminal(columns: int, monkeypatch: pytest.MonkeyPatch, note: str = "") -> str:
    """What a terminal of so many columns gets."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("orchestrator.console.progress._TERMINAL_EVERY_S", 0.0)
    with open(theirs, "w", encoding="utf-8") as stream:  # noqa: PTH123
        progress = Progress(36, 9, stream=stream)
        progress.shards = (3, 12)
        progress.clip(ok=False)
        progress.tick(note)
        progress.say("a line that stays")
        progress.tick(note)
        progress.close()
        text = ""
        # In one read there may be a part of it.
        while text.count("\r\x1b[2K") < 4:
            text += os.read(ours, 65536).decode()
    os.close(ours)
    return text


@pytest.mark.parametrize("columns", [40, 80, 160, 0])
def test_a_line_fits_its_terminal_and_goes_away(columns: int, monkeypatch: pytest.MonkeyPatch):
    text = on_terminal(columns, monkeypatch, 200 * "x")
    drawn = [re.sub(r"\x1b\[[0-9;]*[mK]", "", line) for line in re.split(r"\r\x1b\[2K", text) if "10/36 clips" in line]
    assert len(drawn) == 2 and max(map(len, drawn)) < (columns or 80)
    assert all("1 quarantined" in line for line in drawn)
    assert "\r\x1b[2Ka line that stays\r\n" in text and text.endswith("\r\x1b[2K")
    assert ("3/12 shards" in drawn[0]) == (columns != 40)


def test_a_terminal_that_cannot_rewrite_gets_plain_lines(monkeypatch: pytest.MonkeyPatch):
    ours, theirs = pty.openpty()
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("orchestrator.console.progress._PLAIN_EVERY_S", 0.0)
    with open(theirs, "w", encoding="utf-8") as stream:  # noqa: PTH123
        Progress(36, 0, stream=stream).tick("reading")
        assert os.read(ours, 4096).decode() == "0/36 clips (0 %), 0.0 clips/s, ETA -- - reading\r\n"
    os.close(ours)


def test_plain_lines_name_shards_and_what_is_done(monkeypatch: pytest.MonkeyPatch):
    progress = Progress(4, 0, stream=io.StringIO())
    progress.shards = (1, 2)
    assert progress.line("2 of 4 pods at work").endswith("ETA -- - 1/2 shards; 2 of 4 pods at work")
    assert Progress(4, 4, stream=io.StringIO(), unit="files").line() == "4/4 files (100 %), 0.0 files/s, finishing"


def test_it_ticks_while_a_caller_waits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orchestrator.console.progress._PLAIN_EVERY_S", 0.01)
    ours, theirs = os.pipe()
    with (
        open(theirs, "w", encoding="utf-8") as stream,  # noqa: PTH123
        open(ours, encoding="utf-8") as heard,  # noqa: PTH123
        Progress(4, 0, stream=stream).ticking("decoding"),
    ):
        assert heard.readline().endswith("ETA -- - decoding\n")


def test_rich_is_imported_on_a_terminal_only():
    code = (
        "import sys; from orchestrator.console.progress import Progress; Progress(1, 0); print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
