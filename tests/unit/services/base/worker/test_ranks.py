"""What is said of a rank that failed."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.base.worker import ranks

KILL_ITSELF = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """The handler that the entry point sets is not left behind."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(("num_kills", "reason"), [([3, 4], "MEMORY_RAN_OUT"), ([3, 3], "RANK_FAILED")])
def test_a_rank_that_was_killed_for_want_of_memory_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_kills: list[int], reason: str
) -> None:
    counts = iter(num_kills)
    monkeypatch.setattr(ranks, "num_oom_kills", lambda: next(counts))
    log = tmp_path / "termination"
    words = ["--ranks-per-pod", "1", "--termination-log", str(log), "--", sys.executable, "-c", KILL_ITSELF]
    assert ranks.main(words) == 137
    told = json.loads(log.read_text())
    assert told["reason"] == reason
    assert told["message"].startswith("rank 0 ended with 137")
