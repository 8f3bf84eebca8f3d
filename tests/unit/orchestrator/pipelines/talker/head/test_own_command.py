"""Another command of the program: its answer, and its error as its own class."""

import pytest

from orchestrator.pipelines.talker.head.own_command import answer_of_command, failure_of
from services.base.errors import BadConfig, Transient, VisemillError


def test_its_error_is_raised_as_it_was(tmp_path):
    """Two commands: 2 s."""
    with pytest.raises(BadConfig, match=r"ROOT_MISSING|NO_RUN"):
        answer_of_command(["status", f"--output-root={tmp_path / 'none'}"], {})


def test_its_answer_is_an_object(tmp_path):
    found = answer_of_command(["gc", f"--state-root={tmp_path}", "--max-gb=1"], {})
    assert isinstance(found, dict) and found


@pytest.mark.parametrize(
    ("code", "data", "kind", "reason"),
    [
        (78, {"why": "pass train: DISK_FULL: rank 0 ended with 78: free some"}, BadConfig, "DISK_FULL"),
        (75, {"why": "STOPPED: asked to end"}, Transient, "STOPPED"),
        (1, {"why": "3 generations failed"}, VisemillError, "COMMAND_FAILED"),
        (78, {}, VisemillError, "COMMAND_FAILED"),
    ],
)
def test_a_run_that_is_not_finished_fails_with_its_own_reason(code, data, kind, reason):
    found = failure_of(["train", "talker-unet"], code, data, "")
    assert (type(found), found.reason) == (kind, reason)
