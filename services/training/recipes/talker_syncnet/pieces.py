"""The pieces of a training of talker-syncnet, each exchanged in one line by `dataclasses.replace`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from services.base.media.arrays import Float32Array
from services.lips.talker_input import FACE_PX
from services.training.data.talker.person import Person
from services.training.data.talker.sync_data import LEAST_APART, Held, SyncData, face_of, sound_of, split_of
from services.training.interfaces import Batch, LossSum, Pieces
from services.training.recipes.talker.notes import LESS_MEMORY, notes_of
from services.training.recipes.talker.script_files import syncnet_files
from services.training.recipes.talker_syncnet.spec import BLOCK_FRAMES, RECIPE, SyncNetConfig
from services.training.schedule import cosine
from services.training.talker.contrast import ScaledSyncNet, as_input, contrastive_loss, original_loss
from services.training.talker.networks.syncnet import SyncNet
from services.training.talker.sync_scores import counts_of, likenesses

_AT_ONCE = 32
_NO_BLOCK = "no clip is long enough for a block of frames that are each other's negatives: 41 frames are"


def talker_syncnet(config: SyncNetConfig, persons: Sequence[Person], fps: float) -> Pieces:
    """What the settings make of the persons' folders. fps: frames a second of these."""
    split = split_of(persons, config.seed)
    train = SyncData(split, BLOCK_FRAMES, flip=config.flip, brightness=config.brightness)
    asr_model = persons[0].asr_model
    return Pieces(
        train=train,
        budget_cost=config.batch_size,
        model=lambda seed: new_network(config, asr_model, seed),
        loss=lambda model, batch, _: loss_of(config, model, batch),
        optimizer=lambda model: torch.optim.AdamW(
            model.parameters(), config.learning_rate, weight_decay=config.weight_decay
        ),
        learning_rate=lambda share, _: cosine(share, config.warm_up_share),
        validate=lambda model, *part: validated(model, split.held, *part),
        scores=scores,
        best_by="frame_error",
        num_val=sum(len(held.frames) for held in split.held),
        warnings=[*notes_of(persons, fps), *([] if train.items else [_NO_BLOCK])],
        facts={
            "recipe": RECIPE.name,
            "asr": asr_model,
            "resolution": config.resolution,
            "width": f"{config.width:g}",
            "seed": str(config.seed),
        },
        of_one_size=True,
        less_memory=LESS_MEMORY,
        own_files=(lambda checkpoints, progress, _: syncnet_files(checkpoints, progress))
        if config.script_files
        else None,
    )


def new_network(config: SyncNetConfig, asr_model: str, seed: int) -> ScaledSyncNet:
    """With weights drawn from the seed."""
    torch.manual_seed(seed)
    network = ScaledSyncNet(SyncNet(asr_model, FACE_PX[config.crop_px], config.width))
    # Convolutions are fastest so, on a CPU twice.
    return network.to(memory_format=torch.channels_last)


def loss_of(config: SyncNetConfig, model: torch.nn.Module, batch: Batch) -> LossSum:
    """Of a micro-batch, a frame each."""
    sounds_BD, faces_BD = model(as_input(batch["faces_BHWC"]), batch["sounds_BCHW"])
    if config.loss == "legacy":
        return LossSum(original_loss(sounds_BD, faces_BD), len(faces_BD))
    scale = model.scale
    total = contrastive_loss(sounds_BD, faces_BD, batch["clips_B"], batch["frames_B"], scale, LEAST_APART)
    return LossSum(total, len(faces_BD))


def validated(model: torch.nn.Module, held: Sequence[Held], part: int, num_parts: int) -> Mapping[str, float]:
    """Sums over every num_parts-th of the persons, as `scores` takes them."""
    total: dict[str, float] = dict(counts_of(np.zeros((0, 31), np.float32), np.zeros(0, np.bool_)).sums())
    for one in held[part::num_parts]:
        faces_ND, sounds_TD = embedded(model, one.person, one.frames)
        likeness_NS = likenesses(faces_ND, sounds_TD, one.frames)
        for name, value in counts_of(likeness_NS, one.person.voiced_N[list(one.frames)]).sums().items():
            total[name] += value
    return total


def embedded(model: torch.nn.Module, person: Person, frames: Sequence[int]) -> tuple[Float32Array, Float32Array]:
    """(faces [N, D] of these frames, sounds [T, D] of every frame of the person), unit vectors."""
    device = next(model.parameters()).device
    network: SyncNet = model.network
    faces = [
        network.faces(as_input(torch.from_numpy(np.stack([face_of(person, i) for i in some])).to(device)))
        for some in _chunks(frames)
    ]
    sounds = [
        network.sounds(torch.from_numpy(np.stack([sound_of(person, i) for i in some])).to(device))
        for some in _chunks(range(person.num_frames))
    ]
    return _joined(faces), _joined(sounds)


def _chunks(frames: Sequence[int]) -> list[Sequence[int]]:
    return [frames[i : i + _AT_ONCE] for i in range(0, len(frames), _AT_ONCE)]


def _joined(parts: Sequence[torch.Tensor]) -> Float32Array:
    return torch.cat(list(parts)).float().cpu().numpy() if parts else np.zeros((0, 1), np.float32)


def scores(sums: Mapping[str, float]) -> Mapping[str, float]:
    """frame_error, window_error, offset_error: shares of wrong answers, .5 by chance of the first two. own, shifted:
    mean likenesses, which are one value where a network says the same to all. loss: frame_error.
    """

    def wrong(right: str, count: str) -> float:
        return 1 - sums[right] / sums[count] if sums[count] else 0.5

    pairs = max(1.0, sums["pairs"])
    return {
        "loss": wrong("frames_right", "frames"),
        "frame_error": wrong("frames_right", "frames"),
        "window_error": wrong("windows_right", "windows"),
        "offset_error": wrong("offsets_right", "offsets"),
        "own": sums["own"] / pairs,
        "shifted": sums["shifted"] / pairs,
    }
