"""The pieces of a training of talker-unet, each exchanged in one line by `dataclasses.replace`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch

from services.lips.talker_input import FACE_PX
from services.training.checkpoint.file import Checkpoint, load_weights
from services.training.checkpoint.progress import Progress
from services.training.data.talker.paint_data import PaintData, batch_of
from services.training.data.talker.person import Person
from services.training.data.talker.references import references_of, spread
from services.training.data.talker.sync_data import Held, split_of
from services.training.data.talker.windows import GAP_FRAMES
from services.training.interfaces import Batch, LossSum, Pieces
from services.training.recipes.talker.notes import LESS_MEMORY, notes_of
from services.training.recipes.talker.script_files import strip_png, unet_files
from services.training.recipes.talker_unet.judged import LipJudge
from services.training.recipes.talker_unet.painted import chosen_frames, painted
from services.training.recipes.talker_unet.spec import RECIPE, UNetConfig
from services.training.schedule import cosine
from services.training.talker.contrast import lacking_likeness
from services.training.talker.networks.syncnet import SyncNet
from services.training.talker.networks.unet import UNet
from services.training.talker.networks.vgg19 import Vgg19Start, perceptual_errors
from services.training.talker.paint_scores import PaintSums, scores_of
from services.training.talker.painting import mouth_weights, pictures_of, temporal_l1, weighted_l1

_BETAS = (0.9, 0.999)
_MOST_SHOWN = 8
_NO_FRAME = (
    f"no frame that shows the face is left beside the last tenth of each clip and the {GAP_FRAMES} before it, which "
    "are held out: give longer videos"
)


@dataclass(frozen=True)
class Judges:
    """Networks that a painted face is judged by, frozen; None: not by that one. lips: after each epoch alone."""

    syncnet: SyncNet | None = None
    vgg19: Vgg19Start | None = None
    lips: LipJudge | None = None


def talker_unet(config: UNetConfig, persons: Sequence[Person], fps: float, judges: Judges) -> Pieces:
    """What the settings make of the persons' folders. fps: frames a second of these."""
    split = split_of(persons, config.seed)
    train = PaintData(split, flip=config.flip, in_pairs=config.temporal_weight > 0)
    asr_model = persons[0].asr_model
    return Pieces(
        train=train,
        budget_cost=config.batch_size,
        model=lambda seed: new_network(config, asr_model, seed),
        loss=lambda model, batch, _: loss_of(config, model, batch, judges),
        optimizer=lambda model: torch.optim.Adam(model.parameters(), config.learning_rate, _BETAS),
        learning_rate=lambda share, _: cosine(share, config.warm_up_share),
        validate=lambda model, part, num_parts: sum(
            (_measured(config, model, split.held, i, judges) for i in range(part, len(split.held), num_parts)),
            PaintSums(),
        ).to_plain(),
        scores=scores_of,
        best_by="loss",
        num_val=sum(len(chosen_frames(held)) for held in split.held),
        warnings=[*notes_of(persons, fps), *_notes_of(judges), *([] if train.items else [_NO_FRAME])],
        facts={
            "recipe": RECIPE.name,
            "asr": asr_model,
            "resolution": config.resolution,
            "width": f"{config.width:g}",
            "mouth_weight": f"{config.mouth_weight:g}",
            "seed": str(config.seed),
        },
        of_one_size=True,
        less_memory=LESS_MEMORY,
        own_files=(lambda *of: _files_of(config, split.held, *of)) if config.script_files else None,
    )


def _measured(
    config: UNetConfig, model: torch.nn.Module, held: Sequence[Held], index: int, judges: Judges
) -> PaintSums:
    found = painted(config, model, held, index, judges.syncnet).total
    return found + PaintSums(lips=judges.lips.distances(model, held[index], config.seed)) if judges.lips else found


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
    shown = [(person, frame, references_of(person, frame)[0]) for person, frame in spread(pairs, _MOST_SHOWN)]
    device = next(model.parameters()).device
    batch = {name: value.to(device) for name, value in batch_of(shown).items()}
    pictures_B6HW, target_B3HW = pictures_of(batch["references_BHWC"], batch["faces_BHWC"])
    return strip_png([target_B3HW, pictures_B6HW[:, 3:], model(pictures_B6HW, batch["sounds_BCHW"])])


def _notes_of(judges: Judges) -> list[str]:
    if judges.vgg19 is not None:
        return []
    return ["painted faces are not compared as they look to VGG19: that takes --vgg19 FILE"]


def new_network(config: UNetConfig, asr_model: str, seed: int) -> UNet:
    """With weights drawn from the seed."""
    torch.manual_seed(seed)
    return UNet(asr_model, FACE_PX[config.crop_px], config.width).to(memory_format=torch.channels_last)


def loss_of(config: UNetConfig, model: torch.nn.Module, batch: Batch, judges: Judges) -> LossSum:
    """Of a micro-batch, a frame each: weighted difference, and what the judges say of the painted face."""
    pictures_B6HW, target_B3HW = pictures_of(batch["references_BHWC"], batch["faces_BHWC"])
    made_B3HW = model(pictures_B6HW, batch["sounds_BCHW"])
    weights_B1HW = mouth_weights(batch["mouths_B4"], made_B3HW.shape[-1], config.mouth_weight)
    total = weighted_l1(made_B3HW, target_B3HW, weights_B1HW).sum()
    if config.temporal_weight:
        total = total + config.temporal_weight * temporal_l1(made_B3HW, target_B3HW, batch["mouths_B4"]).sum()
    if judges.syncnet is not None:
        syncnet = judges.syncnet.to(made_B3HW.device)
        sounds_BD = syncnet.sounds(batch["sounds_BCHW"])
        with torch.no_grad():
            real_BD = syncnet.faces(target_B3HW)
        lacking = lacking_likeness(sounds_BD, syncnet.faces(made_B3HW), real_BD)
        total = total + config.sync_weight / 100 * lacking
    if judges.vgg19 is not None and config.perceptual_weight:
        vgg19 = judges.vgg19.to(made_B3HW.device)
        total = total + config.perceptual_weight * perceptual_errors(vgg19, made_B3HW, target_B3HW).sum()
    return LossSum(total, len(made_B3HW))
