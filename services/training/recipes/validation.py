"""The validation of a lipreader, whatever its recipe: its loss and its errors on clips that it does not learn from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import torch
from torch import nn

from services.base.errors import BadShard
from services.training.engine.reading import micro_batch
from services.training.interfaces import Batch, Item, LossSum, Sample
from services.training.lipreading.scores.counts import Counts, character_counts, total

LOG = logging.getLogger(__name__)

ReadTexts = Callable[[nn.Module, Batch], tuple[LossSum, list[str]]]
"""(model in eval mode, batch on its device) -> its loss, and what the model reads in each clip."""


class ClipData(Protocol):
    """Clips, an item each, whose batches have frames_BTHWC, lengths_B, keys and texts."""

    @property
    def items(self) -> Sequence[Item]: ...

    @property
    def digest(self) -> str: ...

    def read(self, indices: Sequence[int], seed_name: str) -> Batch: ...


def batches_of(clips: ClipData, budget_frames: int, part: int = 0, num_parts: int = 1) -> list[list[int]]:
    """Indices of every num_parts-th clip from that of `part` on, in batches of at most so many frames with padding."""
    batches: list[list[int]] = []
    longest = 0
    for index in sorted(range(part, len(clips.items), num_parts), key=lambda i: (clips.items[i].cost, i)):
        longest = clips.items[index].cost
        if batches and longest * (len(batches[-1]) + 1) <= budget_frames:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def validated(
    read: ReadTexts,
    clips: ClipData,
    model: nn.Module,
    budget_frames: int,
    part: int,
    num_parts: int,
    *,
    further: Sequence[str] = (),
) -> Mapping[str, float]:
    """Sums over every num_parts-th clip, as `validation_scores` takes them. budget_frames: of a batch, with padding.
    further: names of the parts of its loss that are summed, too.
    """
    parts = dict.fromkeys(further, 0.0)
    device = next(model.parameters()).device
    loss_total, loss_count, num_left_out, counts = 0.0, 0, 0, Counts()
    for indices in batches_of(clips, budget_frames, part, num_parts):
        found = micro_batch(clips, indices, "", ())
        num_left_out += len(found.left_out)
        for key, why in found.left_out.items():
            LOG.warning("%s is left out of validation: %s", key, why)
        if not found.indices:
            continue
        batch = on_device(found.batch, device)
        loss, texts = read(model, batch)
        loss_total, loss_count = loss_total + loss.total.item(), loss_count + loss.count
        for name in parts:
            parts[name] += loss.parts[name]
        counts += total([character_counts(*pair) for pair in zip(batch["texts"], texts, strict=True)])
    return {
        "loss_total": loss_total,
        "loss_count": loss_count,
        "errors": counts.errors,
        "characters": counts.reference_units,
        "left_out": num_left_out,
        **parts,
    }


def validation_samples(read: ReadTexts, clips: ClipData, model: nn.Module, number: int) -> list[Sample]:
    """Of clips at even distances, and so of several speakers; without those that cannot be read."""
    if not clips.items:
        return []
    found = micro_batch(clips, range(len(clips.items))[:: -(-len(clips.items) // number)], "", ())
    if not found.indices:
        return []
    batch = found.batch
    _, texts = read(model, on_device(batch, next(model.parameters()).device))
    return [
        Sample(key, reference, text, batch["frames_BTHWC"][b, : int(batch["lengths_B"][b])].numpy())
        for b, (key, reference, text) in enumerate(zip(batch["keys"], batch["texts"], texts, strict=True))
    ]


def validation_scores(sums: Mapping[str, float], max_bad_records: int) -> Mapping[str, float]:
    """loss, a unit of the loss; cer, errors a character. Raises BadShard TOO_MANY_FAILURES."""
    if sums["left_out"] > max_bad_records:
        raise BadShard(
            "TOO_MANY_FAILURES",
            f"{sums['left_out']:.0f} clips of the validation cannot be read, over --max-bad-records {max_bad_records}: "
            "restore their files, or raise it and resume",
        )
    return {
        "loss": sums["loss_total"] / max(1.0, sums["loss_count"]),
        "cer": sums["errors"] / max(1.0, sums["characters"]),
    }


def on_device(batch: Batch, device: torch.device) -> Batch:
    """Its tensors there."""
    return {name: one.to(device) if isinstance(one, torch.Tensor) else one for name, one in batch.items()}
