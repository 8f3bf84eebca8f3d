"""Entry points of the recipe as commands: their values, their text, their failures."""

from pathlib import Path

import pytest
from lips_data import LipsExample, write_lips

from orchestrator.pipelines.chinese_lips_lstm.entry_points import download, export, infer, stats
from orchestrator.pipelines.chinese_lips_lstm.entry_points import test as run_test
from services.base.errors import BadConfig
from services.training.data.lips.download_settings import LipsDownload
from services.training.recipes.exported import ExportSettings
from services.training.recipes.lips.command_settings import (
    LipsInferSettings,
    LipsStatsSettings,
    LipsTestSettings,
)


def test_what_the_service_answers_is_the_outcome(tmp_path: Path) -> None:
    write_lips(tmp_path, {"train": [LipsExample("1_20_M_KJ_000", "文字")]})
    outcome = stats(LipsStatsSettings(data_root=str(tmp_path)))
    assert outcome.data["vocabulary"] == 2
    assert outcome.text.startswith("train: 1 clips")


@pytest.mark.parametrize(
    ("call", "settings"),
    [
        (infer, LipsInferSettings(video_path="a.mp4", checkpoint="none/x.pt")),
        (run_test, LipsTestSettings(checkpoint="none/x.pt")),
    ],
)
def test_what_the_service_refuses_is_refused_with_its_reason(call: object, settings: object) -> None:
    with pytest.raises(BadConfig, match="NO_CHECKPOINT"):
        call(settings)  # type: ignore[operator]


def test_a_bundle_reads_in_place_of_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="BUNDLE_MISSING"):
        infer(LipsInferSettings(video_path="a.mp4", bundle=str(tmp_path / "none")))
    with pytest.raises(BadConfig, match="NO_CHECKPOINT"):
        export(ExportSettings(onnx=str(tmp_path / "x.onnx"), checkpoint=str(tmp_path / "x.pt")))


def test_nothing_is_downloaded_for_who_has_not_accepted_the_terms(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"LICENCE_NOT_ATTESTED.*CC BY-NC-SA 4\.0.*--accept-licence"):
        download(LipsDownload(str(tmp_path / "out")))
    assert list(tmp_path.iterdir()) == []
