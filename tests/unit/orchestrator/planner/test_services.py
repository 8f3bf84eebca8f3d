"""A service's own command is asked: what it ends with, how far it says it is, and how long it may take."""

import json
from pathlib import Path

import pytest

from orchestrator.pipelines.surveys import Survey
from orchestrator.planner.services import answer_of, describe
from services.base.errors import BadConfig


def test_a_command_that_refuses_in_words_is_refused_by_its_own_reason(tmp_path: Path) -> None:
    (tmp_path / "other.model").write_bytes(b"no model of a tokenizer")
    argv = ["--manifest", "-", "--tokenizer", str(tmp_path / "other.model")]
    with pytest.raises(BadConfig, match=r"other\.model is no SentencePiece model") as refused:
        answer_of(Survey("services.text.coverage", argv, "reading", lambda: [b'{"text": "a"}\n']), lambda _: None)
    assert refused.value.reason == "MODEL_UNREADABLE"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """`python -m told SECONDS` copies its input to standard error, waits, and answers with what it was given."""
    (tmp_path / "told.py").write_text(
        "import json, sys, time\n"
        "given = sys.stdin.readlines()\n"
        "sys.stderr.writelines(given)\n"
        "sys.stderr.flush()\n"
        "time.sleep(float(sys.argv[1]))\n"
        "print(json.dumps({'num': len(given)}))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "told"


def test_how_far_it_is_is_heard_as_it_says_so(module: str) -> None:
    heard: list[str] = []
    lines = [b"3 of 20 clips\n", b"a line of a log\n", b"20 of 20 clips\n"]
    assert answer_of(Survey(module, ["0"], "trying", lambda: lines), heard.append) == {"num": 3}
    assert heard == ["trying", "trying: 3 of 20 clips", "trying: 20 of 20 clips"]


def test_one_that_takes_longer_than_its_limit_is_ended(module: str) -> None:
    with pytest.raises(BadConfig, match=r"`python -m told` took over 0\.5 s") as refused:
        answer_of(Survey(module, ["600"], "trying", limit_s=0.5), lambda _: None)
    assert refused.value.reason == "SERVICE_HUNG"


def test_what_it_failed_with_is_found_in_much_that_it_said(module: str) -> None:
    fields = {"kind": "BAD_CONFIG", "reason": "DTYPE_INEXACT", "message": "too many", "detail": ""}
    lines = [*(b"2 of 9 clips\n" * 500).splitlines(keepends=True), json.dumps(fields).encode() + b"\n"]
    with pytest.raises(BadConfig, match="too many") as refused:
        answer_of(Survey(module, ["no number"], "trying", lambda: lines), lambda _: None)
    assert refused.value.reason == "DTYPE_INEXACT"


def test_of_no_stages_nobody_is_asked():
    assert describe([]) == []
