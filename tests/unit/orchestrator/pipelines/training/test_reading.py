"""A clip that a bundle cannot read is refused as the stages say."""

from pathlib import Path

import pytest

from orchestrator.pipelines.training.reading import read_clip
from services.base.errors import BadConfig
from services.training.recipes.exported import InferSettings


@pytest.mark.parametrize("cropped", [True, False])
def test_a_bundle_that_is_not_there_is_told(tmp_path: Path, cropped: bool) -> None:
    settings = InferSettings(video_path=str(tmp_path / "a.mp4"), bundle=str(tmp_path / "none"), cropped=cropped)
    with pytest.raises(BadConfig, match="BUNDLE_MISSING"):
        read_clip(settings, settings.bundle)
