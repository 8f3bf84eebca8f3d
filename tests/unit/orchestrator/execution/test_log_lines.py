"""Lines are told once, whole, and without what was there before."""

import json
from pathlib import Path

from orchestrator.execution.log_lines import LogLines


def line(message: str, level: str = "info") -> str:
    return json.dumps({"level": level, "message": message}) + "\n"


def test_what_is_new_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "rank-0.log"
    path.write_text(line("of a generation before"))
    lines = LogLines(path)
    with path.open("a") as file:
        assert lines.new() == []
        half = line("two")
        file.write(line("one") + line("for developers", "debug") + "Traceback (most recent call last):\n" + half[:10])
        file.flush()
        assert lines.new() == ["one"]
        file.write(half[10:] + line("three", "warning") + '[1]\n{"level": "info"}\n')
        file.flush()
        assert lines.new() == ["two", "three"] and lines.new() == []


def test_a_file_that_is_not_there_yet_has_none(tmp_path: Path) -> None:
    lines = LogLines(tmp_path / "rank-0.log")
    assert lines.new() == []
    (tmp_path / "rank-0.log").write_text(line("one"))
    assert lines.new() == ["one"]
