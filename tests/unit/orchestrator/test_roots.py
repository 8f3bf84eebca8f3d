"""Roots that cannot be opened."""

import pytest

from orchestrator.cli.main import main


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (["run", "grid", "--input-root", "{gone}", "--output-root", "{new}"], "--input-root"),
        (["run", "grid", "--input-root", "{here}", "--output-root", "{file}"], "--output-root"),
        (["resume", "--output-root", "{file}"], "--output-root"),
        (["status", "--output-root", "{file}"], "--output-root"),
    ],
)
def test_a_root_that_cannot_be_opened_is_said_by_its_flag(words, flag, tmp_path, capsys):
    (tmp_path / "file").touch()
    places = {name: str(tmp_path / name) for name in ("gone", "new", "file")} | {"here": str(tmp_path)}
    assert main([word.format(**places) for word in words]) == 78
    assert f"ROOT_MISSING: {flag}: " in capsys.readouterr().err
