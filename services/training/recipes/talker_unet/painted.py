"""What a network paints of what is held out, measured beside pictures that need no network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from services.base.media.arrays import Float32Array
from services.training.data.talker.paint_data import batch_of
from services.training.data.talker.references import mean_of, nearest_of, references_of, spread
from services.training.data.talker.sync_data import Held, face_of, sound_of
from services.training.recipes.talker_unet.spec import UNetConfig
from services.training.talker.networks.syncnet import SyncNet
from services.training.talker.paint_scores import FIT_WAYS, NEAR_WAYS, Fit, Nearness, PaintSums, Spoken, psnr_db
from services.training.talker.painting import mouth_weights, pictures_of, squared_errors, ssim, weighted_l1
from services.training.talker.resampling import blocks_of
from services.training.talker.sync_scores import confidence_of, likenesses, offset_of

AT_ONCE = 16
"""Frames that are painted at a time where nothing is learnt."""

MOST_FRAMES = 25
"""Of a person, at even distances, that a validation paints."""


@dataclass(frozen=True)
class Painted:
    """Of one person. frames: those that were painted. each: sums of each of these. fit: of all of them together."""

    frames: Sequence[int]
    each: Sequence[PaintSums]
    fit: PaintSums = field(default_factory=PaintSums)

    @property
    def total(self) -> PaintSums:
        return sum(self.each, self.fit)

    def by_second(self) -> tuple[PaintSums, ...]:
        return tuple(sum((self.each[i] for i in block), PaintSums()) for block in blocks_of(self.frames))


Faces = Mapping[str, torch.Tensor]
"""float32 [B, 3, H, W] by the way that they were made."""


def chosen_frames(held: Held) -> list[int]:
    """Of what is held out of a person, those that are painted."""
    return spread(held.frames, MOST_FRAMES)


def painted(
    config: UNetConfig, model: torch.nn.Module, held: Sequence[Held], index: int, syncnet: SyncNet | None
) -> Painted:
    """Of one person that is held out, or whose end is. References are drawn from his frames that lie far enough away to
    look otherwise. syncnet: frozen, says of the painted faces how well they fit the sound.
    """
    one, frames = held[index], chosen_frames(held[index])
    random = np.random.default_rng(config.seed)
    device = next(model.parameters()).device
    each: list[PaintSums] = []
    vectors: dict[str, list[torch.Tensor]] = {way: [] for way in FIT_WAYS}
    for first in range(0, len(frames), AT_ONCE):
        some = frames[first : first + AT_ONCE]
        chosen = [(one.person, frame, int(random.choice(references_of(one.person, frame)))) for frame in some]
        batch = {name: value.to(device) for name, value in batch_of(chosen).items()}
        others = [
            np.stack([sound(held, index, frame, random) for frame in some]) for sound in (_elsewhere, _same_place)
        ]
        other_BCHW, alike_BCHW = (torch.from_numpy(one).to(device) for one in others)
        faces = _faces(model, batch, other_BCHW, alike_BCHW, _without_network(one, some))
        each += _sums(config, faces, batch["mouths_B4"], one.person.voiced_N[some])
        if syncnet is not None:
            for way, found in vectors.items():
                found.append(syncnet.to(device).faces(faces[way]))
    if syncnet is None or not frames:
        return Painted(frames, each)
    sounds_TD = _sound_vectors(syncnet, one, device)
    fit = {way: _fit(found, sounds_TD, one, frames) for way, found in vectors.items()}
    return Painted(frames, each, PaintSums(fit=fit))


def _without_network(one: Held, frames: Sequence[int]) -> Faces:
    """nearest, mean: of each frame, on the CPU."""
    nearest, mean = [], []
    for frame in frames:
        among = spread(references_of(one.person, frame))
        nearest.append(face_of(one.person, nearest_of(one.person, frame, among)))
        mean.append(mean_of(one.person, among))
    return {
        name: torch.from_numpy(np.stack(faces)).permute(0, 3, 1, 2).float() / 255
        for name, faces in (("nearest", nearest), ("mean", mean))
    }


def _faces(
    model: torch.nn.Module,
    batch: Mapping[str, torch.Tensor],
    others_BCHW: torch.Tensor,
    alike_BCHW: torch.Tensor,
    more: Faces,
) -> dict[str, torch.Tensor]:
    pictures_B6HW, target_B3HW = pictures_of(batch["references_BHWC"], batch["faces_BHWC"])
    return {
        "own": model(pictures_B6HW, batch["sounds_BCHW"]).float(),
        "other": model(pictures_B6HW, others_BCHW).float(),
        "alike": model(pictures_B6HW, alike_BCHW).float(),
        "random": pictures_B6HW[:, :3],
        **{name: faces.to(target_B3HW.device) for name, faces in more.items()},
        "picture": target_B3HW,
    }


def _sums(
    config: UNetConfig, faces: Faces, mouths_B4: torch.Tensor, voiced_B: npt.NDArray[np.bool_]
) -> Iterator[PaintSums]:
    """Of each frame. voiced_B: those in which somebody speaks."""
    target_B3HW = faces["picture"]
    weights_B1HW = mouth_weights(mouths_B4, target_B3HW.shape[-1], config.mouth_weight)
    losses = weighted_l1(faces["own"], target_B3HW, weights_B1HW).tolist()
    whole, mouth, alike = {}, {}, {}
    for way in (*NEAR_WAYS, "alike"):
        errors = squared_errors(faces[way], target_B3HW, mouths_B4)
        whole[way], mouth[way] = ([psnr_db(error) for error in errors_B.tolist()] for errors_B in errors)
    for way in NEAR_WAYS:
        alike[way] = ssim(faces[way], target_B3HW).tolist()
    for i, loss in enumerate(losses):
        near = {way: Nearness(whole[way][i], mouth[way][i], alike[way][i]) for way in NEAR_WAYS}
        said = Spoken(1.0, mouth["own"][i], mouth["other"][i], mouth["alike"][i]) if voiced_B[i] else Spoken()
        yield PaintSums(1, loss, near, spoken=said)


def _sound_vectors(syncnet: SyncNet, one: Held, device: torch.device) -> Float32Array:
    """float32 [T, D], of every frame of the person."""
    parts = []
    for first in range(0, one.person.num_frames, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, one.person.num_frames))
        sounds = np.stack([sound_of(one.person, frame) for frame in numbers])
        parts.append(syncnet.sounds(torch.from_numpy(sounds).to(device)))
    return torch.cat(parts).float().cpu().numpy()


def _fit(vectors: Sequence[torch.Tensor], sounds_TD: Float32Array, one: Held, frames: Sequence[int]) -> Fit:
    likeness_NS = likenesses(torch.cat(list(vectors)).float().cpu().numpy(), sounds_TD, frames)
    voiced_N = one.person.voiced_N[list(frames)]
    offset = offset_of(likeness_NS, voiced_N)
    if offset is None:
        return Fit()
    return Fit(1.0, float(abs(offset) <= 1), confidence_of(likeness_NS, voiced_N))


def _elsewhere(held: Sequence[Held], index: int, frame: int, random: np.random.Generator) -> np.ndarray:
    """Drawn from where the next person's clip is voiced; of one alone, far enough away in his own."""
    person = held[(index + 1) % len(held)].person
    among = references_of(person, frame) if len(held) == 1 else list(range(person.num_frames))
    return sound_of(person, int(random.choice([one for one in among if person.voiced_N[one]] or among)))


def _same_place(held: Sequence[Held], index: int, frame: int, random: np.random.Generator) -> np.ndarray:
    """At the same place in the next person's sound; of one person alone, half of the frames away."""
    del random
    person = held[(index + 1) % len(held)].person
    if len(held) == 1:
        frame += person.num_frames // 2
    return sound_of(person, frame % person.num_frames)
