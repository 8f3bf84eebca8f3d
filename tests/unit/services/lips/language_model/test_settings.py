import pytest

from services.lips.language_model.settings import LanguageModelSettings


def test_a_beam_of_one_text_has_nothing_to_choose_from() -> None:
    LanguageModelSettings().check_lm(1)
    LanguageModelSettings(lm="a.arpa").check_lm(2)
    with pytest.raises(ValueError, match="give 2 or more, such as 20, or no lm"):
        LanguageModelSettings(lm="a.arpa").check_lm(1)


def test_shares_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        LanguageModelSettings(lm_weight=-1.0).check_lm(20)
