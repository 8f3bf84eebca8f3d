"""Entry points take what they need, and say what is missing."""

import pytest

from services.training.recipes.lips.command_settings import (
    LipsInferSettings,
    LipsStatsSettings,
    LipsTestSettings,
)


def test_places_follow_from_what_is_given() -> None:
    assert LipsInferSettings(video_path="a.mp4", checkpoint_dir="c/").file == "c/best_model.pt"
    assert LipsInferSettings(video_path="a.mp4", checkpoint="d.pt").file == "d.pt"
    assert LipsStatsSettings(data_root="data/").index_root == "data/.visemill"
    assert LipsTestSettings(checkpoint_dir="c").results == "c/tests/test"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (LipsInferSettings, "--video-path"),
        (LipsStatsSettings, "--data-root"),
        (lambda: LipsStatsSettings(data_root="a", max_frames=0), "max_frames is 0"),
        (
            lambda: LipsInferSettings(video_path="a", bundle="b", checkpoint="c"),
            "--bundle FOLDER, --server HOST:PORT, or --checkpoint",
        ),
        (lambda: LipsInferSettings(video_path="a", cropped=True), "--cropped is of a --bundle"),
        (lambda: LipsTestSettings(batch_size=0), "batch_size is 0"),
    ],
)
def test_what_is_missing_is_said(make: type, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
