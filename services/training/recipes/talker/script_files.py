"""The files that SyncTalk_2D's scripts leave beside a training: weights by epoch, a log, and a curve of losses.

Pure: checkpoints in, bytes out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import cv2
import numpy as np
import torch

from services.training.checkpoint.file import VERSION, Checkpoint, decoded, encoded
from services.training.checkpoint.progress import Progress

LATEST = "checkpoint_latest.pth"
CORE_LATEST = "checkpoint_latest.pt"
"""Of ours: what a training that goes on begins with."""

_PREFIX = "network."
_NUM_LOSSES = 10
_WIDTH_PX, _HEIGHT_PX, _RIM_PX = 800, 480, 60
_COLOURS = {"train_loss": (180, 110, 30), "val_loss": (40, 90, 220)}


def syncnet_files(checkpoints: Iterable[tuple[int, bytes]], progress: Progress) -> Iterator[tuple[str, bytes]]:
    """`{epoch}.pth`, counted from 1, of saved epochs up to the best, which is `checkpoint_latest.pth` too: as the
    original saves what improves. Each again in `syncnet_ckpt/`.
    """
    best = _best_epoch(progress)
    for epoch, data in checkpoints:
        if epoch <= best:
            made = encoded(_syncnet_fields(decoded(data), epoch))
            for name in (f"{epoch}.pth", *([LATEST] if epoch == best else [])):
                yield name, made
                yield f"syncnet_ckpt/{name}", made
    yield from _log_files(progress, "syncnet_")


def unet_files(
    checkpoints: Iterable[tuple[int, bytes]],
    progress: Progress,
    save_every: int,
    preview: Callable[[Checkpoint], bytes] | None,
) -> Iterator[tuple[str, bytes]]:
    """`{epoch}.pth`, counted from 0, weights alone, of saved epochs and the last. preview: of a checkpoint, a PNG."""
    for epoch, data in checkpoints:
        if epoch == progress.epochs_done or epoch % save_every == 0:
            checkpoint = decoded(data)
            yield f"{epoch - 1}.pth", encoded(checkpoint.model)
            if preview is not None:
                yield f"previews/{epoch - 1}.png", preview(checkpoint)
        if epoch == progress.epochs_done:
            yield CORE_LATEST, data
    yield from _log_files(progress, "")


def losses_png(rows: list[dict[str, Any]]) -> bytes:
    """Losses by epoch, on a logarithmic scale. rows: of the log, an epoch each."""
    picture_HWC = np.full((_HEIGHT_PX, _WIDTH_PX, 3), 255, np.uint8)
    curves = {name: [row.get(name) for row in rows] for name in _COLOURS}
    values = np.array([one for curve in curves.values() for one in curve if one is not None and one > 0], np.float64)
    if len(values):
        low, high = float(np.log10(values.min())), float(np.log10(values.max()))
        low, high = (low - 0.5, high + 0.5) if high - low < 1e-6 else (low, high)
        for name, colour in _COLOURS.items():
            points = [
                (_across(i, len(rows)), _down((np.log10(one) - low) / (high - low)))
                for i, one in enumerate(curves[name])
                if one is not None and one > 0
            ]
            cv2.polylines(picture_HWC, [np.array(points, np.int32).reshape(-1, 1, 2)], False, colour, 2, cv2.LINE_AA)
        for share in (0.0, 0.5, 1.0):
            _write(picture_HWC, f"{10 ** (low + share * (high - low)):.3g}", 4, _down(share) + 5)
    right, bottom = _WIDTH_PX - _RIM_PX // 2, _HEIGHT_PX - _RIM_PX
    cv2.rectangle(picture_HWC, (_RIM_PX, _RIM_PX // 2), (right, bottom), (120, 120, 120), 1)
    for i, (name, colour) in enumerate(_COLOURS.items()):
        _write(picture_HWC, name, _RIM_PX + 10 + 140 * i, _HEIGHT_PX - 14, colour)
    _write(picture_HWC, f"{len(rows)} epochs", _WIDTH_PX - 160, _HEIGHT_PX - 14)
    return bytes(cv2.imencode(".png", picture_HWC)[1])


def _best_epoch(progress: Progress) -> int:
    found = progress.best_step in progress.epoch_steps
    return progress.epoch_steps.index(progress.best_step) + 1 if found else progress.epochs_done


def _syncnet_fields(checkpoint: Checkpoint, epoch: int) -> dict[str, Any]:
    progress = checkpoint.progress
    losses = [row["train_loss"] for row in _rows(progress) if row.get("train_loss") is not None]
    return {
        "epoch": epoch,
        "model_state_dict": {
            name.removeprefix(_PREFIX): value for name, value in checkpoint.model.items() if name.startswith(_PREFIX)
        },
        "optimizer_state_dict": dict(checkpoint.optimizer),
        "best_loss": float(progress.best_score),
        "loss_history": losses[-_NUM_LOSSES:],
        # What it was made with, which the original's files do not say.
        "visemill": {
            "version": VERSION,
            "progress": Progress(epochs_done=epoch).to_plain(),
            "facts": dict(checkpoint.facts),
        },
    }


def _rows(progress: Progress) -> list[dict[str, Any]]:
    """Of each epoch: its numbers."""
    return [row for row in map(json.loads, progress.metrics) if "epoch" in row]


def _log_files(progress: Progress, prefix: str) -> Iterator[tuple[str, bytes]]:
    rows = _rows(progress)
    yield f"{prefix}training_log.json", (json.dumps(rows, indent=2) + "\n").encode()
    yield f"{prefix}loss_history.png", losses_png(rows)


def _across(index: int, num: int) -> int:
    return _RIM_PX + round((_WIDTH_PX - 1.5 * _RIM_PX) * index / max(1, num - 1))


def _down(share: float) -> int:
    return round(_HEIGHT_PX - _RIM_PX - (_HEIGHT_PX - 1.5 * _RIM_PX) * share)


def _write(
    picture_HWC: np.ndarray, text: str, left_px: int, bottom_px: int, colour: tuple[int, int, int] = (60, 60, 60)
) -> None:
    cv2.putText(picture_HWC, text, (left_px, bottom_px), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)


def strip_png(rows: Iterable[torch.Tensor]) -> bytes:
    """Pictures beside each other, a row of tensors below another. rows: float32 BGR [B, 3, H, W] in 0..1 each."""
    shown = ((row_B3HW.clamp(0, 1) * 255).byte().permute(0, 2, 3, 1).cpu().numpy() for row_B3HW in rows)
    joined = [np.concatenate(list(row_BHWC), 1) for row_BHWC in shown]
    return bytes(cv2.imencode(".png", np.concatenate(joined, 0))[1])
