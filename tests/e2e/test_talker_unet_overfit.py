"""The document's network at 328 px learns four real frames by heart. What CI asks of a small one is in the unit tests.

Takes 5 minutes of a core, and runs where VISEMILL_E2E_OVERFIT is set: from .195 to .029 in 50 steps.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from services.training.data.talker.opening import open_persons  # noqa: E402
from services.training.recipes.talker_unet.pieces import Judges, talker_unet  # noqa: E402
from services.training.recipes.talker_unet.spec import UNetConfig  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("VISEMILL_E2E_OVERFIT"), reason="VISEMILL_E2E_OVERFIT is not set"),
]

FRAMES = [0, 40, 80, 120]
NUM_STEPS = 50


def test_four_real_frames_are_learnt_by_heart_in_full_width(visemill: Any, testdata: Path, tmp_path: Path) -> None:
    """5 minutes: a step of 12 million weights takes 5 s of a core, and nothing smaller is the document's network."""
    shutil.copy(testdata / "data" / "talker" / "wda_000.mp4", tmp_path)
    words = ("--video_path", tmp_path / "wda_000.mp4", "--name", "wda", "--asr_model", "mel")
    visemill.ok("run", "talker", *words, "--dataset_dir", tmp_path / "dataset")
    persons, fps = open_persons(str(tmp_path / "dataset"), ["wda"], "mel", 328)
    pieces = talker_unet(UNetConfig(), persons, fps, Judges())
    model = pieces.model(1)
    optimizer = pieces.optimizer(model)
    batch = pieces.train.read(FRAMES, "1/0")
    losses = []
    for step in range(NUM_STEPS):
        optimizer.zero_grad()
        loss = pieces.loss(model, batch, torch.Generator())
        (loss.total / loss.count).backward()
        optimizer.step()
        losses.append(float(loss.total.detach()) / loss.count)
        print(step, losses[-1], flush=True)
    assert losses[-1] < 0.2 * losses[0]
