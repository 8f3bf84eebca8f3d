"""What is done to texts before they are compared."""

import pytest

from services.training.lipreading.scores.normalization import normalization_named


def test_none_leaves_a_text_as_it_is() -> None:
    assert normalization_named("none")("Set,  WHITE ") == "Set,  WHITE "


@pytest.mark.parametrize(
    ("text", "compared"),
    [
        ("我们旨在,搭建一个平台。", "我们旨在搭建一个平台"),
        ("我們 旨在", "我们旨在"),
        ("ＡＢ１２　％", "AB12"),
        ("2025年", "2025年"),
        ("", ""),
    ],
)
def test_zh_compares_simplified_characters_alone(text: str, compared: str) -> None:
    pytest.importorskip("opencc")
    assert normalization_named("zh")(text) == compared


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no normalisation 'en'; there are none, zh"):
        normalization_named("en")
