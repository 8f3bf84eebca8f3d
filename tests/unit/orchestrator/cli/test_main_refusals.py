"""Flags and paths that a command cannot use: the exit code and what is said of them, never a traceback."""

import json
from pathlib import Path

import pytest

from orchestrator.cli import models
from orchestrator.cli.main import build_parser, main
from orchestrator.cli.runs.report import _write
from orchestrator.planner import services
from orchestrator.planner.services import run_service
from services.base.errors import EXIT_BAD_CONFIG, BadConfig


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("gc --output-root . --max-gb nan", "--max-gb must be a finite number, not nan"),
        ("gc --output-root . --max-gb inf", "--max-gb must be a finite number, not inf"),
        ("health 127.0.0.1:1 --patience-s nan", "--patience-s must be a finite number, not nan"),
        ("health 127.0.0.1:1 --patience-s -1", "--patience-s must be 0 or more, not -1.0"),
        ("serve --registry r --recheck-s nan", "--recheck-s must be a finite number, not nan"),
        ("gc --output-root . --max-gb -1", "--max-gb must be 0 or more, not -1.0"),
        ("gc --output-root . --abandoned-after-s -1", "--abandoned-after-s must be 0 or more, not -1.0"),
        ("report --output-root . --sheets -1", "--sheets must be 0 or more, not -1"),
    ],
)
def test_numbers_out_of_range(line: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == EXIT_BAD_CONFIG
    assert capsys.readouterr().err == f"visemill: BAD_FLAGS: {said}\n"


@pytest.mark.parametrize("name", ["missing/page.html", "folder", "file/page.html"])
def test_a_page_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadConfig, match=rf"HTML_NOT_WRITTEN: --html {tmp_path / name} cannot be written \(.*: give a"):
        _write(tmp_path / name, b"page")


@pytest.mark.parametrize("line", ["list repository", "verify repository", "export repository"])
def test_models_name_the_extra_that_they_need(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.importlib.util, "find_spec", lambda _name: None)
    flags = build_parser().parse_args(["models", *line.split()])
    with pytest.raises(BadConfig, match=r"LIBRARY_MISSING: \w+ is not installed: pip install 'visemill\[features\]'"):
        flags.call(flags)


def test_a_service_that_ends_without_a_word_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.sys, "executable", "false")
    with pytest.raises(BadConfig, match=r"SERVICE_FAILED: `services decode once` exited with 1"):
        run_service("decode", "once", limit_s=9, accept=(0, 1))


def test_a_corpus_that_cannot_be_written_is_refused_in_its_services_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "note.txt").write_text("x")
    assert main(["demo-corpus", str(tmp_path), "-o", "json"]) == EXIT_BAD_CONFIG
    said = capsys.readouterr()
    assert json.loads(said.out)["error"]["reason"] == "NOT_EMPTY" and '{"kind"' not in said.err


def test_the_help_says_what_the_project_makes() -> None:
    text = build_parser("").format_help()
    assert text.partition("\n\n")[2].startswith("Turn raw speech and sign video into")
    assert "exit codes: 0 success; 3 finished" in text


@pytest.mark.parametrize(
    ("line", "flag"),
    [
        ("run grid --input-root= --output-root out", "--input-root"),
        ("plan grid --input-root . --output-root=", "--output-root"),
        ("count grid --input-root=", "--input-root"),
        ("resume --output-root=", "--output-root"),
        ("gc --output-root=", "--output-root"),
        ("cancel --server 127.0.0.1:1 --output-root=", "--output-root"),
        ("serve --registry=", "--registry"),
        ("serve --registry r --allow-root=", "--allow-root"),
        ("doctor --root=", "--root"),
    ],
)
def test_an_empty_root_is_refused_by_its_flag(line: str, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == EXIT_BAD_CONFIG
    said = "is empty; give a path, file:///path or s3://bucket/prefix"
    assert capsys.readouterr().err == f"visemill: BAD_URI: {flag} {said}\n"
