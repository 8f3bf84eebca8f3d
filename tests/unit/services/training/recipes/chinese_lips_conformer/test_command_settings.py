"""What a test may be told."""

from typing import Any

import pytest

from services.training.recipes.chinese_lips_conformer.command_settings import ConformerTestSettings


@pytest.mark.parametrize(
    "wrong", [{"beam_width": 0}, {"rescoring": 1.5}, {"lm": "x.arpa", "beam_width": 1}, {"lm_weight": -1.0}]
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"beam_width|weight"):
        ConformerTestSettings(**wrong)
