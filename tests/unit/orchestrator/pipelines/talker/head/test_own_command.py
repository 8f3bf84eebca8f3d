"""Another command of the program: its answer, and its error as its own class."""

import pytest

from orchestrator.pipelines.talker.head.own_command import answer_of_command
from services.base.errors import BadConfig


def test_its_error_is_raised_as_it_was(tmp_path):
    """Two commands: 2 s."""
    with pytest.raises(BadConfig, match=r"ROOT_MISSING|NO_RUN"):
        answer_of_command(["status", f"--output-root={tmp_path / 'none'}"], {})


def test_its_answer_is_an_object(tmp_path):
    found = answer_of_command(["gc", f"--state-root={tmp_path}", "--max-gb=1"], {})
    assert isinstance(found, dict) and found
