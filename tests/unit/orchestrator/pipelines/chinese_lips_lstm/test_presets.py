"""Presets and baselines are settings that a training takes."""

import pytest

from orchestrator.pipelines.chinese_lips_lstm.options import ChineseLipsOptions
from orchestrator.pipelines.chinese_lips_lstm.presets import BASELINES, PRESETS


@pytest.mark.parametrize(
    ("name", "batch_size", "clips_of_a_step", "mixed", "height_px"),
    [("12gb", 8, 32, True, 96), ("24gb", 16, 32, True, 128), ("cpu", 2, 8, False, 96)],
)
def test_a_preset_is_the_documents_table(
    name: str, batch_size: int, clips_of_a_step: int, mixed: bool, height_px: int
) -> None:
    options = ChineseLipsOptions(data_root="/data", **PRESETS[name])
    assert (options.batch_size, options.mixed_precision, options.frame_height) == (batch_size, mixed, height_px)
    assert options.batch_size * options.accumulation_steps == clips_of_a_step


def test_the_baselines_numbers_are_its_own_trainers() -> None:
    options = ChineseLipsOptions(data_root="/data", **BASELINES["seed"])
    assert (options.max_frames, options.resample, options.warmup) == (75, "step", "constant")
    assert (options.best_by, options.loss_norm, options.unreadable, options.pad_mask) == (
        "loss",
        "batch",
        "zeros",
        False,
    )
