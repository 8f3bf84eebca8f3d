"""Entry points of the recipe as commands: what the service refuses is refused with its reason."""

from pathlib import Path

import pytest

from orchestrator.pipelines.chinese_lips_conformer.entry_points import export, infer
from orchestrator.pipelines.chinese_lips_conformer.entry_points import test as run_test
from services.base.errors import BadConfig
from services.training.recipes.chinese_lips_conformer.command_settings import ConformerTestSettings
from services.training.recipes.exported import ExportSettings, InferSettings

pytest.importorskip("torch")


@pytest.mark.parametrize(
    ("call", "settings", "reason"),
    [
        (run_test, ConformerTestSettings(checkpoint="none/x.pt"), "NO_CHECKPOINT"),
        (export, ExportSettings(bundle="b", checkpoint="none/x.pt"), "NO_CHECKPOINT"),
        (infer, InferSettings(video_path="a.mp4", bundle="none"), "BUNDLE_MISSING"),
        (infer, InferSettings(video_path="a.mp4", checkpoint_dir="none"), "NO_CHECKPOINT"),
    ],
)
def test_what_is_missing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: object, settings: object, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadConfig, match=reason):
        call(settings)  # type: ignore[operator]
