"""Settings that trainings on persons' folders share."""

import pytest

from services.training.recipes.talker.spec import FREE_SETTINGS, TalkerTrainSettings


@pytest.mark.parametrize(
    "settings", [{"width": 0.0}, {"width": 2.0}, {"warm_up_share": -0.1}, {"warm_up_share": 1.0}, {"names": "../a"}]
)
def test_what_cannot_be_is_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        TalkerTrainSettings(**settings)


def test_crops_are_a_little_larger_than_faces():
    assert (TalkerTrainSettings().crop_px, TalkerTrainSettings(resolution="160").crop_px) == (328, 168)


def test_names_are_a_line_each_and_where_they_lie_decides_nothing():
    assert TalkerTrainSettings(names="a\nb").chosen_names == ("a", "b")
    assert "data_root" in FREE_SETTINGS and "names" not in FREE_SETTINGS
