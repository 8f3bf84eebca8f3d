"""Real clips of GRID, from the corpus to a score: what is learnt by heart must be read without a fault.

Takes 6 minutes of two cores, and runs where VISEMILL_E2E_OVERFIT is set.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("VISEMILL_E2E_OVERFIT"), reason="VISEMILL_E2E_OVERFIT is not set"),
]

NUM_EPOCHS = int(os.environ.get("VISEMILL_E2E_EPOCHS", "220"))
MOST_CER = 0.05
# Nothing is dropped, moved or masked: the clips themselves are to be learnt.
AS_IT_IS = {
    "dropout": 0, "flip": 0, "shift": 0, "brightness": 0, "slowest": 1, "fastest": 1, "num-masks": 0, "val-share": 0,
    "whole-only": 0.4,
}  # fmt: skip


def test_48_real_clips_are_learnt_by_heart(visemill: Any, testdata: Path, tmp_path: Path) -> None:
    """One training of some minutes: nothing shorter says that real mouths, and not only made ones, can be learnt."""
    shutil.copytree(testdata / "data" / "grid" / "s1_processed", tmp_path / "in" / "s1_processed")
    out, checkpoints = tmp_path / "out", tmp_path / "checkpoints"
    visemill.ok("run", "grid", "--input-root", tmp_path / "in", "--output-root", out, "--num-shards", 2)
    flags = [word for name, value in AS_IT_IS.items() for word in (f"--{name}", value)]
    visemill.ok(
        *("train", "grid-ctc", "--data-root", out, "--checkpoint-dir", checkpoints, "--preset", "cpu", *flags),
        *("--num-epochs", NUM_EPOCHS, "--batch-frames", 150),
    )
    found = visemill.ok(
        *("test", "grid-ctc", "--data-root", out, "--checkpoint-dir", checkpoints, "--split", "train"),
        *("--checkpoint", checkpoints / "best_model.pt", "--beam-width", 1),
    )
    print(found)
    assert found["cer"] < MOST_CER
