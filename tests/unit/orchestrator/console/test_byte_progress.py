"""Bytes are shown in MB, with rate and what is left, and a server that sends nothing is seen."""

import io
import time

import pytest

from orchestrator.console import heartbeat, progress
from orchestrator.console.byte_progress import ByteProgress


def test_a_phase_is_shown_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PLAIN_EVERY_S", 0.02)
    out = io.StringIO()
    shown = ByteProgress(out)
    with shown.phase("downloading", 80_500_000, 0) as counted:
        counted(40_200_000)
        shown.say("val.zip\x1b: 80 MB")
        until_s = time.monotonic() + 60
        while "\n40/81 MB" not in f"\n{out.getvalue()}" and time.monotonic() < until_s:
            time.sleep(0.01)
        counted(80_500_000)
    lines = out.getvalue().splitlines()
    assert "val.zip\\x1b: 80 MB" in lines
    # A machine that is busy may have shown it before anything was counted.
    line = next(line for line in lines if line.startswith("40/81 MB"))
    assert line.startswith("40/81 MB (49 %), ") and ", ETA " in line and line.endswith(" - downloading")


def test_waiting_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "_QUIET_S", 0.02)
    out = io.StringIO()
    with ByteProgress(out).waiting("asking the hub"):
        until_s = time.monotonic() + 60
        while not out.getvalue() and time.monotonic() < until_s:
            time.sleep(0.01)
    assert out.getvalue().startswith("asking the hub")
