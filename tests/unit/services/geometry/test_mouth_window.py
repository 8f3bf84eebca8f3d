import pytest

from services.geometry.mouth_window import PROFILES, AlignedFace, FixedScale, PaddedBox, profile_named, roi_cfg


def test_the_profiles_are_these() -> None:
    assert {
        "fixed-scale": FixedScale("fixed-scale"),
        "liptype2-v1": PaddedBox("liptype2-v1"),
        "aligned-face": AlignedFace("aligned-face"),
    } == PROFILES
    assert {n: (p.width_px, p.height_px) for n, p in PROFILES.items()} == {
        "fixed-scale": (100, 50),
        "liptype2-v1": (100, 50),
        "aligned-face": (96, 96),
    }


def test_the_classic_profile_has_the_originals_numbers() -> None:
    assert roi_cfg(PROFILES["liptype2-v1"]) == {"width": 100, "height": 50, "pad_ratio_x": 0.2, "pad_ratio_y": 0.3}


def test_an_unknown_profile_is_an_error_that_lists_them() -> None:
    with pytest.raises(ValueError, match="fixed-scale, liptype2-v1"):
        profile_named("v2")


@pytest.mark.parametrize(
    "values",
    [{"width_px": 0}, {"height_px": 51}, {"pad_ratio_x": -0.1}, {"height_percentile": 0.0}, {"smoothing_frames": 0.0}],
)
def test_a_profile_that_cannot_be_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        FixedScale("x", **values)  # type: ignore[arg-type]


def test_a_box_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="must"):
        PaddedBox("x", pad_ratio_y=-1.0)


@pytest.mark.parametrize("values", [{"eyes_px": 0.0}, {"lips_px": -1.0}, {"smoothing_frames": 0.0}, {"width_px": 95}])
def test_a_mean_face_has_lengths(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="x must"):
        AlignedFace("x", **values)  # type: ignore[arg-type]


def test_padding_that_there_is_not_is_0_for_a_reader() -> None:
    assert roi_cfg(AlignedFace("x")) == {"width": 96, "height": 96, "pad_ratio_x": 0.0, "pad_ratio_y": 0.0}
