"""A service's own command: its answer, what it says on the way, and its failures as ours."""

from pathlib import Path

import pytest

from orchestrator.console.heartbeat import Heartbeat
from orchestrator.pipelines.service_commands import answer_of_module
from services.base.errors import BadConfig, Transient, VisemillError


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Prints its first argument, says the others, and ends with the code in the second."""
    (tmp_path / "spoken.py").write_text(
        "import json, sys\n"
        "print(json.dumps({'text': 'x' * 1_000_000}) if sys.argv[1] == 'long' else sys.argv[1], flush=True)\n"
        "for line in sys.argv[3:]: print(line, file=sys.stderr)\nsys.exit(int(sys.argv[2]))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "spoken"


def test_the_answer_and_what_was_said(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    data, code = answer_of_module(module, ['{"num": 1}', "3", "10 of 20", "20 of 20"], "counting")
    assert (data, code) == ({"num": 1}, 3)
    assert capsys.readouterr().err == "10 of 20\n20 of 20\n"


def test_progress_is_shown_at_once_and_is_no_line(module: str, monkeypatch, capsys) -> None:
    shown: list[object] = []
    monkeypatch.setattr(Heartbeat, "now", lambda _, phase: shown.append(phase))
    monkeypatch.setattr(Heartbeat, "frames", lambda _, *counts: shown.append(counts))
    lines = ["one", '{"event": "progress", "phase": "painting"}', '{"event": "progress", "frames": [3, 9]}', "two"]
    answer_of_module(module, ["{}", "0", *lines], "counting")
    assert shown == ["painting", (3, 9)] and capsys.readouterr().err == "one\ntwo\n"


def test_an_answer_may_be_longer_than_a_pipe_holds(module: str) -> None:
    data, _ = answer_of_module(module, ["long", "0", "one", "two"], "counting")
    assert len(data["text"]) == 1_000_000


@pytest.mark.parametrize(
    ("code", "line", "kind", "reason"),
    [
        ("78", "DISK_FULL: no space", BadConfig, "DISK_FULL"),
        ("75", "WORKER_DIED: again", Transient, "WORKER_DIED"),
        ("1", "ValueError: oh", VisemillError, "SERVICE_FAILED"),
        (
            "78",
            '{"kind": "BAD_CONFIG", "reason": "NO_CHECKPOINT", "message": "x", "detail": ""}',
            BadConfig,
            "NO_CHECKPOINT",
        ),
        ("70", '{"kind": "INTERNAL", "reason": "INTERNAL_ERROR", "message": "x"}', VisemillError, "INTERNAL_ERROR"),
        ("78", '{"kind": "of something else"}', VisemillError, "SERVICE_FAILED"),
        ("78", "what is this", VisemillError, "SERVICE_FAILED"),
        ("137", "painting", Transient, "SERVICE_KILLED"),
    ],
)
def test_failures(module: str, code: str, line: str, kind: type[VisemillError], reason: str) -> None:
    with pytest.raises(VisemillError) as failed:
        answer_of_module(module, ["", code, "before", line], "counting")
    assert (type(failed.value), failed.value.reason) == (kind, reason)


def test_an_interruption_goes_on(module: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        answer_of_module(module, ["", "130"], "counting")
