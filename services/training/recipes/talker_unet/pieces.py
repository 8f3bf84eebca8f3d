"""The pieces of a training of talker-unet, each exchanged in one line by `dataclasses.replace`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch

from services.lips.talker_input import FACE_PX
from services.training.checkpoint.file import Checkpoint, load_weights
from services.training.checkpoint.progress import Progress
from services.training.data.talker.paint_data import PaintData, batch_of
from services.training.data.talker.person import Person
from services.training.data.talker.sync_data import Held, sound_of, split_of
from services.training.data.talker.windows import GAP_FRAMES
from services.training.interfaces import Batch, LossSum, Pieces
from services.training.recipes.talker.notes import notes_of
from services.training.recipes.talker.script_files import strip_png, unet_files
from services.training.recipes.talker_unet.spec import RECIPE, UNetConfig
from services.training.schedule import cosine
from services.training.talker.contrast import lacking_likeness
from services.training.talker.networks.syncnet import SyncNet
from services.training.talker.networks.unet import UNet
from services.training.talker.paint_scores import PaintSums, psnr_db, scores_of
from services.training.talker.painting import mouth_weights, pictures_of, squared_errors, weighted_l1

_BETAS = (0.9, 0.999)
AT_ONCE = 16
"""Frames that are painted at a time where nothing is learnt."""

_MOST_SHOWN = 8
_NO_FRAME = (
    f"no frame that shows the face is left beside the last tenth of each clip and the {GAP_FRAMES} before it, which "
    "are held out: give longer videos"
)
MOST_FRAMES = 25
"""Of a person, at even distances, that a validation paints."""


def talker_unet(config: UNetConfig, persons: Sequence[Person], fps: float, syncnet: SyncNet | None) -> Pieces:
    """What the settings make of the persons' folders. fps: frames a second of these. syncnet: frozen."""
    split = split_of(persons, config.seed)
    train = PaintData(split, flip=config.flip)
    asr_model = persons[0].asr_model
    return Pieces(
        train=train,
        budget_cost=config.batch_size,
        model=lambda seed: new_network(config, asr_model, seed),
        loss=lambda model, batch, _: loss_of(config, model, batch, syncnet),
        optimizer=lambda model: torch.optim.Adam(model.parameters(), config.learning_rate, _BETAS),
        learning_rate=lambda share, _: cosine(share, config.warm_up_share),
        validate=lambda model, part, num_parts: sum(
            (painted(config, model, split.held, i) for i in range(part, len(split.held), num_parts)), PaintSums()
        ).to_plain(),
        scores=scores_of,
        best_by="loss",
        num_val=sum(len(chosen_frames(held)) for held in split.held),
        notes=[*notes_of(persons, fps), *([] if train.items else [_NO_FRAME])],
        facts={
            "recipe": RECIPE.name,
            "asr": asr_model,
            "resolution": config.resolution,
            "width": f"{config.width:g}",
            "mouth_weight": f"{config.mouth_weight:g}",
            "seed": str(config.seed),
        },
        of_one_size=True,
        own_files=(lambda *of: _files_of(config, split.held, *of)) if config.script_files else None,
    )


def _files_of(
    config: UNetConfig,
    held: Sequence[Held],
    checkpoints: Iterable[tuple[int, bytes]],
    progress: Progress,
    model: torch.nn.Module,
) -> Iterator[tuple[str, bytes]]:
    def preview(checkpoint: Checkpoint) -> bytes:
        load_weights(model, checkpoint.model)
        with torch.inference_mode():
            return preview_of(model.eval(), held)

    yield from unet_files(checkpoints, progress, config.save_every, preview if config.see_res else None)


def preview_of(model: torch.nn.Module, held: Sequence[Held]) -> bytes:
    """A PNG of up to eight held-out frames: as they are, what is hidden of them, and as they are painted."""
    pairs = [(one.person, frame) for one in held for frame in chosen_frames(one)]
    places = np.linspace(0, len(pairs) - 1, min(_MOST_SHOWN, len(pairs))).round().astype(int)
    shown = [(person, frame, references_of(person, frame)[0]) for person, frame in (pairs[i] for i in places)]
    device = next(model.parameters()).device
    batch = {name: value.to(device) for name, value in batch_of(shown).items()}
    pictures_B6HW, target_B3HW = pictures_of(batch["references_BHWC"], batch["faces_BHWC"])
    return strip_png([target_B3HW, pictures_B6HW[:, 3:], model(pictures_B6HW, batch["sounds_BCHW"])])


def new_network(config: UNetConfig, asr_model: str, seed: int) -> UNet:
    """With weights drawn from the seed."""
    torch.manual_seed(seed)
    return UNet(asr_model, FACE_PX[config.crop_px], config.width).to(memory_format=torch.channels_last)


def loss_of(config: UNetConfig, model: torch.nn.Module, batch: Batch, syncnet: SyncNet | None) -> LossSum:
    """Of a micro-batch, a frame each: weighted difference, and what the SyncNet says of the painted face."""
    pictures_B6HW, target_B3HW = pictures_of(batch["references_BHWC"], batch["faces_BHWC"])
    made_B3HW = model(pictures_B6HW, batch["sounds_BCHW"])
    weights_B1HW = mouth_weights(batch["mouths_B4"], made_B3HW.shape[-1], config.mouth_weight)
    total = weighted_l1(made_B3HW, target_B3HW, weights_B1HW).sum()
    if syncnet is not None:
        syncnet = syncnet.to(made_B3HW.device)
        sounds_BD = syncnet.sounds(batch["sounds_BCHW"])
        with torch.no_grad():
            real_BD = syncnet.faces(target_B3HW)
        lacking = lacking_likeness(sounds_BD, syncnet.faces(made_B3HW), real_BD)
        total = total + config.sync_weight / 100 * lacking
    return LossSum(total, len(made_B3HW))


def chosen_frames(held: Held) -> list[int]:
    """Of what is held out of a person, those that are painted."""
    places = np.linspace(0, len(held.frames) - 1, min(MOST_FRAMES, len(held.frames))).round().astype(int)
    return [held.frames[i] for i in sorted(set(places.tolist()))]


def references_of(person: Person, frame: int) -> list[int]:
    """Frames that may be shown beside one: GAP_FRAMES away or more; of a short clip any other, of one frame itself."""
    usable = person.frames(range(person.num_frames))
    far = [other for other in usable if abs(other - frame) >= GAP_FRAMES]
    return far or [other for other in usable if other != frame] or [frame]


def with_references(person: Person, frames: Sequence[int], seed: int) -> list[tuple[Person, int, int]]:
    """(person, frame, frame of the reference) of each, as `batch_of` takes them; references are drawn."""
    random = np.random.default_rng(seed)
    return [(person, frame, int(random.choice(references_of(person, frame)))) for frame in frames]


def painted(config: UNetConfig, model: torch.nn.Module, held: Sequence[Held], index: int) -> PaintSums:
    """Of one person that is held out, or whose end is. References are drawn from his frames that lie far enough away to
    look otherwise.
    """
    one, frames = held[index], chosen_frames(held[index])
    random = np.random.default_rng(config.seed)
    device = next(model.parameters()).device
    total = PaintSums()
    for first in range(0, len(frames), AT_ONCE):
        some = frames[first : first + AT_ONCE]
        chosen = [(one.person, frame, int(random.choice(references_of(one.person, frame)))) for frame in some]
        batch = {name: value.to(device) for name, value in batch_of(chosen).items()}
        others = [_elsewhere(held, index, frame, random) for frame in some]
        alike = [_same_place(held, index, frame) for frame in some]
        sounds = [torch.from_numpy(np.stack(one)).to(device) for one in (others, alike)]
        voiced_B = torch.from_numpy(one.person.voiced_N[some])
        total += _sums_of(config, model, batch, sounds, voiced_B)
    return total


def _sums_of(
    config: UNetConfig, model: torch.nn.Module, batch: Batch, others: Sequence[torch.Tensor], voiced_B: torch.Tensor
) -> PaintSums:
    """others: sounds_BCHW beside a batch's own; voiced_B: bool, frames in which somebody speaks."""
    pictures_B6HW, target_B3HW = pictures_of(batch["references_BHWC"], batch["faces_BHWC"])
    made_B3HW = model(pictures_B6HW, batch["sounds_BCHW"])
    weights_B1HW = mouth_weights(batch["mouths_B4"], made_B3HW.shape[-1], config.mouth_weight)
    whole_B, mouth_B = squared_errors(made_B3HW, target_B3HW, batch["mouths_B4"])
    _, copied_B = squared_errors(pictures_B6HW[:, :3], target_B3HW, batch["mouths_B4"])
    other_B, alike_B = (squared_errors(model(pictures_B6HW, one), target_B3HW, batch["mouths_B4"])[1] for one in others)
    losses = weighted_l1(made_B3HW, target_B3HW, weights_B1HW)
    voiced_B = voiced_B.to(losses.device)
    return PaintSums(
        frames=len(losses),
        loss=float(losses.sum()),
        psnr=_decibels(whole_B),
        mouth_psnr=_decibels(mouth_B),
        copied=_decibels(copied_B),
        voiced=int(voiced_B.sum()),
        own=_decibels(mouth_B[voiced_B]),
        other=_decibels(other_B[voiced_B]),
        alike=_decibels(alike_B[voiced_B]),
    )


def _decibels(square_B: torch.Tensor) -> float:
    return float(sum(map(psnr_db, square_B.tolist())))


def _elsewhere(held: Sequence[Held], index: int, frame: int, random: np.random.Generator) -> np.ndarray:
    """Drawn from where the next person's clip is voiced; of one alone, far enough away in his own."""
    person = held[(index + 1) % len(held)].person
    among = references_of(person, frame) if len(held) == 1 else list(range(person.num_frames))
    return sound_of(person, int(random.choice([one for one in among if person.voiced_N[one]] or among)))


def _same_place(held: Sequence[Held], index: int, frame: int) -> np.ndarray:
    """At the same place in the next person's sound; of one person alone, half of the frames away."""
    person = held[(index + 1) % len(held)].person
    if len(held) == 1:
        frame += person.num_frames // 2
    return sound_of(person, frame % person.num_frames)
