"""What a service's own command ends with is what the caller hears, where the command speaks to people too."""

from pathlib import Path

import pytest

from orchestrator.pipelines.surveys import Survey
from orchestrator.planner.services import answer_of
from services.base.errors import BadConfig


def test_a_command_that_refuses_in_words_is_refused_by_its_own_reason(tmp_path: Path) -> None:
    (tmp_path / "other.model").write_bytes(b"no model of a tokenizer")
    argv = ["--manifest", "-", "--tokenizer", str(tmp_path / "other.model")]
    with pytest.raises(BadConfig, match=r"other\.model is no SentencePiece model") as refused:
        answer_of(Survey("services.text.coverage", argv, lambda: [b'{"text": "a"}\n']))
    assert refused.value.reason == "MODEL_UNREADABLE"
