"""What the pipeline has on the command line."""

import json

import pytest

from orchestrator.cli.main import main
from orchestrator.pipelines.commands import SHARED, commands_of


def test_the_shared_commands_are_there() -> None:
    assert set(SHARED) <= set(commands_of("tts").verbs)


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("run tts --manifest m.jsonl", None),
        ("preprocess_data --manifest m.jsonl", "ja"),
        ("preprocess_data.py --manifest m.jsonl --language am", "am"),
        ("preprocess_multiproc --manifest m.jsonl", "ja"),
    ],
)
def test_the_originals_language_where_none_is_given_is_that_of_the_originals_names(
    line: str, language: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*line.split(), "--print-request", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out).get("language") == language
