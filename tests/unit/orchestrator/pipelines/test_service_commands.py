"""A service's own command: its answer, what it says on the way, and its failures as ours."""

from pathlib import Path

import pytest

from orchestrator.pipelines.service_commands import answer_of_module
from services.base.errors import BadConfig, Transient, VisemillError


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Prints its first argument, says the others, and ends with the code in the second."""
    (tmp_path / "spoken.py").write_text(
        "import sys\nprint(sys.argv[1])\n"
        "for line in sys.argv[3:]: print(line, file=sys.stderr)\nsys.exit(int(sys.argv[2]))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "spoken"


def test_the_answer_and_what_was_said(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    data, code = answer_of_module(module, ['{"num": 1}', "3", "10 of 20", "20 of 20"], "counting")
    assert (data, code) == ({"num": 1}, 3)
    assert capsys.readouterr().err == "10 of 20\n20 of 20\n"


@pytest.mark.parametrize(
    ("code", "line", "kind", "reason"),
    [
        ("78", "DISK_FULL: no space", BadConfig, "DISK_FULL"),
        ("75", "WORKER_DIED: again", Transient, "WORKER_DIED"),
        ("1", "ValueError: oh", VisemillError, "SERVICE_FAILED"),
        ("78", "what is this", VisemillError, "SERVICE_FAILED"),
    ],
)
def test_failures(module: str, code: str, line: str, kind: type[VisemillError], reason: str) -> None:
    with pytest.raises(VisemillError) as failed:
        answer_of_module(module, ["", code, "before", line], "counting")
    assert (type(failed.value), failed.value.reason) == (kind, reason)


def test_an_interruption_goes_on(module: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        answer_of_module(module, ["", "130"], "counting")
