"""What an export and a reading need to be told."""

from typing import Any

import pytest

from services.training.recipes.exported import ExportSettings, InferSettings


def test_the_best_of_a_training_is_exported_unless_a_file_is_named() -> None:
    assert ExportSettings(bundle="b", checkpoint_dir="out/").file == "out/best_model.pt"
    assert ExportSettings(onnx="x.onnx", checkpoint="a.pt").file == "a.pt"
    with pytest.raises(ValueError, match="--bundle"):
        ExportSettings()
    with pytest.raises(ValueError, match="--bundle"):
        ExportSettings(onnx="s3://bucket/x.onnx")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"bundle": "b", "checkpoint_dir": "c"},
        {"bundle": "b", "server": "h:1"},
        {"bundle": "b", "beam_width": -1},
        {"video_path": ""},
        {"server": "h"},
        {"server": "h:1", "beam_width": 5},
        {"server": "h:1", "lm": "a.arpa"},
    ],
)
def test_a_reading_needs_a_clip_and_one_reader(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"--video-path|--bundle|beam.width|--server"):
        InferSettings(**{"video_path": "a.mp4", **wrong})
