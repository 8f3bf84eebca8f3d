import pytest

from services.training.lipreading.scores.normalization import normalization_named


def test_none_leaves_a_text_as_it_is() -> None:
    assert normalization_named("none")("Set,  WHITE ") == "Set,  WHITE "


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no normalisation 'en'; there are none"):
        normalization_named("en")
