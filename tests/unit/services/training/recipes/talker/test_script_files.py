"""Files as the original's scripts name them, and as `weights_only` loads them."""

import io
import json

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from services.training.checkpoint.file import contents, decoded, encoded  # noqa: E402
from services.training.checkpoint.progress import Progress  # noqa: E402
from services.training.recipes.talker.script_files import (  # noqa: E402
    losses_png,
    strip_png,
    syncnet_files,
    unet_files,
)

FACTS = {"recipe": "talker-syncnet", "asr": "mel", "resolution": "160", "width": "0.25", "seed": "1"}


def progress(num: int, best: int) -> Progress:
    rows = [json.dumps({"epoch": i, "train_loss": 1 / i, "val_loss": 2 / i}) for i in range(1, num + 1)]
    steps = [10 * i for i in range(1, num + 1)]
    return Progress(
        epochs_done=num, step=10 * num, epoch_steps=steps, best_step=10 * best, best_score=0.25,
        metrics=['{"step": 1, "loss": 3}', *rows],
    )  # fmt: skip


def checkpoint(epoch: int) -> tuple[int, bytes]:
    model = torch.nn.Module()
    model.network, model.log_scale = torch.nn.Linear(2, 2), torch.nn.Parameter(torch.ones(()))
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    return epoch, encoded(contents(model, optimizer, {}, progress(epoch, 1), FACTS))


def loaded(data: bytes) -> dict:
    return torch.load(io.BytesIO(data), weights_only=True)


def test_a_syncnet_is_saved_up_to_its_best_which_is_the_latest():
    files = dict(syncnet_files([checkpoint(2), checkpoint(3), checkpoint(4)], progress(4, 3)))
    weights = {"2.pth", "3.pth", "checkpoint_latest.pth"}
    both = weights | {f"syncnet_ckpt/{name}" for name in weights}
    assert set(files) == both | {"syncnet_training_log.json", "syncnet_loss_history.png"}
    fields = loaded(files["checkpoint_latest.pth"])
    assert (fields["epoch"], fields["best_loss"]) == (3, 0.25) and len(fields["loss_history"]) == 3
    assert set(fields["model_state_dict"]) == {"weight", "bias"} and fields["optimizer_state_dict"]
    assert decoded(files["3.pth"]).facts == FACTS


def test_a_head_is_saved_as_weights_alone_counted_from_0():
    made = [checkpoint(25), checkpoint(30), checkpoint(50), checkpoint(60)]
    files = dict(unet_files(made, progress(60, 30), 25, lambda _: b"png"))
    assert {"24.pth", "49.pth", "59.pth", "previews/59.png", "training_log.json", "loss_history.png"} < set(files)
    assert "29.pth" not in files and files["checkpoint_latest.pt"] == made[3][1]
    assert all(isinstance(one, torch.Tensor) for one in loaded(files["24.pth"]).values())
    found = decoded(files["24.pth"])
    assert "network.weight" in found.model and not found.optimizer and not found.facts
    assert [row["epoch"] for row in json.loads(files["training_log.json"])] == list(range(1, 61))


def test_curves_and_pictures_are_png():
    for rows in ([], [{"epoch": 1, "train_loss": 1.0}], [{"train_loss": 1.0, "val_loss": None}, {"train_loss": 0.1}]):
        assert cv2.imdecode(np.frombuffer(losses_png(rows), np.uint8), 1).shape == (480, 800, 3)
    strip = strip_png([torch.zeros(3, 3, 4, 5), torch.ones(3, 3, 4, 5)])
    found = cv2.imdecode(np.frombuffer(strip, np.uint8), 1)
    assert found.shape == (8, 15, 3) and (found[0, 0, 0], found[7, 14, 2]) == (0, 255)
