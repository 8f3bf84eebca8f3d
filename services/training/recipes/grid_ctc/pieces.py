"""The pieces of a training of grid-ctc, each exchanged in one line by `dataclasses.replace`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from services.lips.decoding.greedy import greedy
from services.training.data.clips import GridClips
from services.training.data.grid import GridData
from services.training.interfaces import Batch, LossSum, Pieces, TrainingData
from services.training.lipreading.alphabet import Alphabet, alphabet_file
from services.training.lipreading.ctc import ctc_loss_sum, log_probs_of_clips
from services.training.lipreading.networks import full, tiny
from services.training.lipreading.preparation.draws import AS_IT_IS, draw_clip
from services.training.lipreading.preparation.pictures import Crop, prepare
from services.training.lipreading.windows import stretches
from services.training.recipes.grid_ctc.spec import STEPS_PER_FRAME, GridCtcConfig
from services.training.recipes.validation import validated, validation_samples, validation_scores
from services.training.recipes.with_draws import WithDraws
from services.training.schedule import cosine
from services.training.written_settings import CONFIG_FILE, config_file

# Each is in every checkpoint.
_MOST_NAMED = 50
_BETAS, _EPSILON = (0.9, 0.98), 1e-9
# Published trainings of LipNet on all of GRID take some 50,000 (91 epochs of 28,775 clips, 50 a step).
_FEWEST_STEPS = 5000
# Of pictures as records have them, 100x50: a margin of 2 px to the left and right, 1 px above and below.
_TINY_CROP = Crop(48, 96, tiny.HEIGHT_PX, tiny.WIDTH_PX, (1, 2))
_FULL_CROP = Crop(full.HEIGHT_PX, full.WIDTH_PX, full.HEIGHT_PX, full.WIDTH_PX, (2, 4))
TOKENIZER_FILE = "tokenizer.json"


def grid_ctc(config: GridCtcConfig, data: GridData) -> Pieces:
    """What the settings make of the data set."""
    alphabet = data.alphabet
    reader = Lipreader(config, alphabet)
    budget_frames = config.micro_batch_frames(max((item.cost for item in data.train.items), default=0))
    return Pieces(
        train=WithDraws(data.train, config.augmentation, STEPS_PER_FRAME),
        budget_cost=budget_frames,
        model=reader.network,
        loss=lambda model, batch, _: reader.loss(model, batch),
        optimizer=lambda model: torch.optim.AdamW(
            model.parameters(), config.peak_learning_rate, _BETAS, _EPSILON, config.weight_decay
        ),
        learning_rate=lambda share, _: cosine(share, config.warm_up_share),
        train_at=lambda seed, epoch, share: _epoch(config, data.train, seed, epoch, share),
        validate=(lambda model, *part: validated(reader.texts, data.val, model, budget_frames, *part))
        if data.val.items
        else None,
        scores=lambda sums: validation_scores(sums, config.max_bad_records),
        # Of no clips the error is 0 from the first epoch on.
        samples=lambda model, number: validation_samples(reader.texts, data.val, model, number),
        best_by="cer" if data.val.items else "loss",
        num_val=len(data.val.items),
        vocabulary_size=alphabet.num_classes,
        notes=_notes(data, few_steps(config, [item.cost for item in data.train.items])),
        files={TOKENIZER_FILE: alphabet_file(alphabet), CONFIG_FILE: config_file(config)},
        facts={
            "recipe": "grid-ctc",
            "vocabulary": alphabet.characters,
            "size": config.size,
            "encoder": config.encoder,
            # What was set apart for validation follows from these.
            "val_share": str(config.val_share),
            "seed": str(config.seed),
        },
    )


def _notes(data: GridData, few: str) -> tuple[str, ...]:
    """What there is to hear of the data, and the first clips that are left out of it."""
    told = [f"{one.key} is left out: {one.reason} ({one.message})" for one in data.left_out[:_MOST_NAMED]]
    return (*told, *data.notes, *([few] if few else []))


def few_steps(config: GridCtcConfig, frames: Sequence[int]) -> str:
    """A warning where so few optimiser steps are to be taken that the full network will hardly have learnt to read;
    else empty. frames: of each training clip.
    """
    frames_of_step = config.micro_batch_frames(max(frames, default=0)) * config.accumulation_steps
    num_steps = config.num_epochs * -(-sum(frames) // frames_of_step)
    if config.size == "tiny" or num_steps >= _FEWEST_STEPS:
        return ""
    return (
        f"about {num_steps} optimiser steps in all, of {frames_of_step} frames: a network of size full that begins "
        f"with random weights wants {_FEWEST_STEPS} or more; give more --num-epochs, fewer --batch-frames, or, of one "
        "speaker, --preset one-speaker"
    )


class Lipreader:
    """A network of the settings, and how it is applied to a batch. It holds no weights."""

    def __init__(self, config: GridCtcConfig, alphabet: Alphabet) -> None:
        self._config, self.alphabet, self.budget_frames = config, alphabet, config.batch_frames
        self.crop = _TINY_CROP if config.size == "tiny" else _FULL_CROP

    def network(self, seed: int) -> nn.Module:
        """With random weights, which follow from the seed."""
        config, num_classes = self._config, self.alphabet.num_classes
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            if config.size == "tiny":
                return tiny.TinyLipreader(num_classes, config.dropout)
            return full.FullLipreader(num_classes, config.encoder, config.dropout)

    def loss(self, model: nn.Module, batch: Batch) -> LossSum:
        """batch: frames, lengths and labels as GridClips has them; with draws, or it is taken as it is."""
        logits_BSK, steps_B = self._logits(model, batch)
        return ctc_loss_sum(logits_BSK, steps_B, batch["labels_BL"], batch["label_lengths_B"], self.alphabet.blank)

    def log_probs(self, model: nn.Module, batch: Batch) -> tuple[LossSum, list[torch.Tensor]]:
        """The loss, and of each clip float32 [S, K] on the CPU: ln of the probabilities of K classes at its S steps."""
        logits_BSK, steps_B = self._logits(model, batch)
        loss = ctc_loss_sum(logits_BSK, steps_B, batch["labels_BL"], batch["label_lengths_B"], self.alphabet.blank)
        return loss, log_probs_of_clips(logits_BSK, steps_B)

    def texts(self, model: nn.Module, batch: Batch) -> tuple[LossSum, list[str]]:
        """The loss, and what the model reads in each clip, by the likeliest class at each step."""
        loss, log_probs = self.log_probs(model, batch)
        blank = self.alphabet.blank
        return loss, [self.alphabet.decode(greedy(one.numpy(), blank)) for one in log_probs]

    def log_probs_of(self, model: nn.Module, batch: Batch) -> list[torch.Tensor]:
        """As `log_probs` gives it, of a batch without labels."""
        return log_probs_of_clips(*self._logits(model, batch))

    def _logits(self, model: nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        lengths_B = batch["lengths_B"].cpu()
        draws = batch.get("draws") or [draw_clip(AS_IT_IS, "", length) for length in lengths_B.tolist()]
        found: tuple[torch.Tensor, torch.Tensor] = model(*prepare(batch["frames_BTHWC"], lengths_B, draws, self.crop))
        return found


def _epoch(config: GridCtcConfig, clips: GridClips, seed: int, epoch: int, share: float) -> TrainingData:
    """Stretches of the clips before whole ones, as the curriculum has them."""
    curriculum = config.curriculum
    words = [(item.cost, clips.words_of(i)) for i, item in enumerate(clips.items)]
    cut = stretches(words, curriculum.whole_share(share), curriculum.max_words, f"{seed}/{epoch}")
    return WithDraws(clips.cut(cut), config.augmentation, STEPS_PER_FRAME)
