"""Presets are settings that a training takes, and take steps of about as many frames."""

import pytest

from orchestrator.pipelines.chinese_lips_conformer.options import ConformerOptions
from orchestrator.pipelines.chinese_lips_conformer.presets import PRESETS


@pytest.mark.parametrize(("name", "frames"), [("12gb", 4000), ("24gb", 4800), ("80gb", 6000), ("cpu", 600)])
def test_a_step_has_so_many_frames(name: str, frames: int) -> None:
    options = ConformerOptions(data_root="/data", **PRESETS[name])
    assert options.batch_frames * options.accumulation_steps == frames
    assert options.size == ("small" if name == "cpu" else "base")
