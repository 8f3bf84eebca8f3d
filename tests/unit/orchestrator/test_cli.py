"""The command line tells its answer, and says so where nobody can be told."""

import io
import os
from pathlib import Path

import pytest

from orchestrator.cli import main


@pytest.fixture
def empty_root(tmp_path):
    return str(tmp_path)


def test_an_error_is_told_with_its_exit_code(empty_root, capsys):
    assert main(["status", "--output-root", empty_root]) == 78
    assert "NO_RUN" in capsys.readouterr().err


def test_an_error_is_told_as_json_where_json_is_asked_for(empty_root, capsys):
    assert main(["status", "--output-root", empty_root, "-o", "json"]) == 78
    assert '"reason": "NO_RUN"' in capsys.readouterr().out


def test_an_answer_that_the_disk_does_not_take_is_to_be_asked_for_again(empty_root, monkeypatch, capsys):
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr("sys.stdout", full)
        assert main(["status", "--output-root", empty_root, "-o", "json"]) == 75
    assert "NOT_TOLD" in capsys.readouterr().err


def test_a_reader_that_has_gone_changes_no_exit_code(empty_root, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as gone:
        monkeypatch.setattr("sys.stdout", gone)
        assert main(["status", "--output-root", empty_root, "-o", "json"]) == 78


def test_closed_outputs_change_no_exit_code(empty_root, monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    monkeypatch.setattr("sys.stderr", None)
    assert main(["status", "--output-root", empty_root]) == 78


def test_a_path_that_the_terminal_cannot_show_is_told_in_escapes(tmp_path, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    monkeypatch.setattr("sys.stderr", stream)
    assert main(["status", "--output-root", str(tmp_path / "ü")]) == 78
    stream.flush()
    assert b"\\xfc" in stream.buffer.getvalue()
