"""What is said of a rank that failed."""

import json
import os
import signal
import sys
import time
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


SAYS = "import os, sys; words = {words}; print(words[int(os.environ['RANK'])], file=sys.stderr); sys.exit(75)"


def told_of(tmp_path: Path, script: str, ranks_per_pod: int = 1) -> dict[str, str]:
    """What a pod of such ranks leaves, which have no logs of their own, as in a cluster."""
    log = tmp_path / "termination"
    words = ["--ranks-per-pod", str(ranks_per_pod), "--termination-log", str(log), "--", sys.executable, "-c", script]
    assert ranks.main(words) != 0
    told: dict[str, str] = json.loads(log.read_text())
    return told


def error_line(reason: str, message: str) -> str:
    return json.dumps({"kind": "TRANSIENT", "reason": reason, "message": message})


def test_the_last_words_of_a_rank_are_told_and_passed_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    told = told_of(tmp_path, SAYS.format(words=[error_line("STORE_UNREACHABLE", "no answer")]))
    expected = {"kind": "TRANSIENT", "reason": "STORE_UNREACHABLE", "message": "rank 0 ended with 75: no answer"}
    assert told == expected
    assert error_line("STORE_UNREACHABLE", "no answer") in capfd.readouterr().err.splitlines()


@pytest.mark.parametrize(("given", "expected"), [(None, "passive"), ("active", "active")])
def test_ranks_know_how_many_share_their_cores_and_sleep_while_they_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, expected: str
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if given:
        monkeypatch.setenv("OMP_WAIT_POLICY", given)
    script = (
        "import os; from pathlib import Path; o = os.environ; names = ('LOCAL_WORLD_SIZE', 'OMP_WAIT_POLICY'); "
        f"Path({str(tmp_path)!r}, o['RANK']).write_text(' '.join(o[name] for name in names))"
    )
    assert ranks.main(["--ranks-per-pod", "2", "--", sys.executable, "-c", script]) == 0
    assert [(tmp_path / rank).read_text() for rank in "01"] == [f"2 {expected}"] * 2


def test_of_ranks_that_end_with_75_the_one_that_lost_no_other_is_the_one_that_fell(tmp_path: Path) -> None:
    lines = [error_line("RANK_LOST", "rank 0 has lost the others"), error_line("STORE_UNREACHABLE", "no answer")]
    found = ranks._Ranks([sys.executable, "-c", SAYS.format(words=lines)], 2, os.environ, str(tmp_path))
    until_s = time.monotonic() + 30.0
    while not found.are_ended and time.monotonic() < until_s:
        time.sleep(0.01)
    assert found.failed() == (1, 75)


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
