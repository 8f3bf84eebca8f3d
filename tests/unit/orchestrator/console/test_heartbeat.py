"""A command that works in silence says so, and one that is quick or quiet does not."""

import io
import threading

import pytest

from orchestrator.console import heartbeat
from orchestrator.console.heartbeat import Heartbeat


class Heard(io.StringIO):
    """Knows when something was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Event()

    def write(self, text: str) -> int:
        self.written.set()
        return super().write(text)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "_QUIET_S", 0.02)


@pytest.mark.usefixtures("impatient")
def test_silence_is_broken_by_what_is_done() -> None:
    stream = Heard()
    with Heartbeat("loading models", stream=stream) as beat:
        assert stream.written.wait(30)
        beat.now("computing")
        beat.say("a line that stays")
    assert stream.getvalue().startswith("loading models\n") and "a line that stays\n" in stream.getvalue()


def test_what_is_quick_says_nothing() -> None:
    stream = io.StringIO()
    with Heartbeat("loading models", stream=stream):
        pass
    assert stream.getvalue() == ""


@pytest.mark.usefixtures("impatient")
def test_quiet_starts_no_thread() -> None:
    before = threading.active_count()
    with Heartbeat("loading models", stream=io.StringIO(), quiet=True):
        assert threading.active_count() == before


@pytest.mark.usefixtures("impatient")
def test_frames_are_shown_with_what_is_done_and_forgotten_with_it() -> None:
    stream = Heard()
    with Heartbeat("painting", stream=stream) as beat:
        for counted, expected in (((0, 50), "0/50 frames (0 %), 0.0 frames/s, ETA --"), ((40, 50), "40/50 frames")):
            beat.frames(*counted)
            stream.written.clear()
            assert stream.written.wait(30) and f"painting: {expected}" in stream.getvalue().splitlines()[-1]
        assert "ETA" in stream.getvalue().splitlines()[-1]
        beat.frames(75, 0)
        beat.now("signing")
        stream.written.clear()
        assert stream.written.wait(30) and stream.getvalue().splitlines()[-1] == "signing"
