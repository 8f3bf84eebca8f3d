"""A head hears by the features of its card, where these can be told from pieces."""

import numpy as np
import pytest

from services.base.errors import BadConfig
from services.formats.talker.head import HeadCard
from services.talker.live.rows import open_rows


def card(asr: str) -> HeadCard:
    return HeadCard("talker-unet", asr, "160", 0.25, {"model": "0" * 64, "checkpoint": "0" * 64})


def test_rows_are_of_the_cards_model_and_settings_are_of_models_with_weights() -> None:
    rows = open_rows(card("mel"), {"weights": "ave.pth"})
    assert sum(len(some) for some in rows(iter([np.zeros(16_000, np.int16)]), 25.0)) == 24


@pytest.mark.parametrize("asr", ["hubert", "wenet"])
def test_a_head_that_needs_the_whole_sound_is_refused_with_what_to_do(asr: str) -> None:
    with pytest.raises(BadConfig, match=f"NOT_STREAMED: the head hears {asr}.*infer"):
        open_rows(card(asr), {})
