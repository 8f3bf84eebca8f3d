"""What TensorBoard's own reader finds in the files of a training."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
import types
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("tensorboard")

# TensorBoard then reads by itself, and waits for no TensorFlow.
sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402
from tiny_training import SETTINGS, pieces, rank_of  # noqa: E402

from services.base.errors import BadConfig  # noqa: E402
from services.base.worker.rank import RankPlace  # noqa: E402
from services.training.checkpoint.file import decoded  # noqa: E402
from services.training.engine.loop import train  # noqa: E402
from services.training.event_files import event_files  # noqa: E402
from services.training.interfaces import Sample  # noqa: E402

FRAMES_THWC = np.random.default_rng(1).integers(0, 256, (3, 4, 6, 1), np.uint8)
ROWS = [
    {"step": 1, "loss": 4.5, "gradient_norm": None, "learning_rate": 0.25},
    {"step": 2, "loss": 3.5, "gradient_norm": 1.5, "learning_rate": 0.5},
    {"epoch": 1, "step": 2, "train_loss": 4.0, "val_loss": 3.0, "val_cer": 0.75},
]


def read(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder)).Reload()


def scalars(found: EventAccumulator, tag: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in found.Scalars(tag)]


def test_numbers_texts_and_pictures_of_an_epoch_are_read_back(tmp_path: Path) -> None:
    samples = [Sample("s1/a", "bin blue", "bin red", FRAMES_THWC), Sample("s1/b", "lay", "lay", None)]
    event_files(str(tmp_path)).write(1, ROWS, samples)
    found = read(tmp_path)
    assert scalars(found, "Train/Loss") == [(1, 4.5), (2, 3.5)]
    assert scalars(found, "Train/LearningRate") == [(1, 0.25), (2, 0.5)]
    assert scalars(found, "Train/GradientNorm") == [(2, 1.5)]
    assert (scalars(found, "Val/Loss"), scalars(found, "Val/CER")) == ([(2, 3.0)], [(2, 0.75)])
    (image,) = found.Images("Val/Images/1")
    pixels_HW = cv2.imdecode(np.frombuffer(image.encoded_image_string, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image.step == 2 and (pixels_HW == np.concatenate(list(FRAMES_THWC[..., 0]), axis=1)).all()
    (text,) = found.Tensors("Val/Text/1/text_summary")
    assert b"said: bin blue\n    read: bin red" in text.tensor_proto.string_val[0]


def test_an_epoch_that_is_written_again_is_shown_once_and_the_next_comes_after_it(tmp_path: Path) -> None:
    files = event_files(str(tmp_path))
    for epoch, rows in ((1, ROWS), (1, ROWS), (2, [{"step": 3, "loss": 2.5}])):
        files.write(epoch, rows, [])
    assert scalars(read(tmp_path), "Train/Loss") == [(1, 4.5), (2, 3.5), (3, 2.5)]


@pytest.mark.parametrize("is_used", [True, False])
def test_a_training_writes_them_where_it_is_asked_to(tmp_path: Path, is_used: bool) -> None:
    asked = []

    def samples(model: object, number: int) -> list[Sample]:
        asked.append(number)
        return [Sample("s1/0", "a", "b", FRAMES_THWC)]

    rank = rank_of(str(tmp_path), RankPlace(0, 1, 0, "127.0.0.1", 1, 1))
    settings = dataclasses.replace(
        SETTINGS, num_epochs=2, use_tensorboard=is_used, tensorboard_dir=str(tmp_path / "tb"), log_text_samples=3
    )
    train(dataclasses.replace(pieces(), samples=samples), settings, rank)
    progress = decoded(rank.read_checkpoint(rank.checkpoint_steps()[-1])).progress
    assert (tmp_path / "tb").exists() == is_used
    if is_used:
        found = read(tmp_path / "tb")
        assert asked == [3, 3]
        assert [step for step, _ in scalars(found, "Train/Loss")] == list(range(1, progress.step + 1))
        assert [value for _, value in scalars(found, "Val/Loss")] == pytest.approx(progress.val_losses)
        assert [event.step for event in found.Images("Val/Images/1")] == progress.epoch_steps


def test_without_the_package_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BadConfig, match=r"pip install 'visemill\[tensorboard\]'") as caught:
        event_files(str(tmp_path))
    assert caught.value.reason == "NO_TENSORBOARD"
