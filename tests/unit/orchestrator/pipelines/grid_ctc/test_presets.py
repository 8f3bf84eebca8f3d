"""Presets of grid-ctc are settings that a training takes."""

import pytest

from orchestrator.pipelines.grid_ctc.options import GridCtcOptions, gangs
from orchestrator.pipelines.grid_ctc.presets import PRESETS


@pytest.mark.parametrize(
    ("name", "size", "precision", "frames_of_a_step", "num_ranks"),
    [
        ("cpu", "tiny", "fp32", 1200, 2),
        ("12gb", "full", "fp16", 4800, 1),
        ("24gb", "full", "bf16", 4800, 1),
        ("one-speaker", "full", "bf16", 600, 1),
    ],
)
def test_a_preset_is_a_training(name, size, precision, frames_of_a_step, num_ranks):
    (gang,) = gangs(GridCtcOptions(data_root="/records", **PRESETS[name]))
    config = gang.config
    assert (config["size"], config["precision"], gang.num_ranks) == (size, precision, num_ranks)
    assert config["batch_frames"] * config["accumulation_steps"] == frames_of_a_step
    assert config["accumulation_steps"] % num_ranks == 0


def test_these_are_all():
    assert set(PRESETS) == {"cpu", "12gb", "24gb", "one-speaker"}
