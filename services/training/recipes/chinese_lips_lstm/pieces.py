"""The pieces of a training of chinese-lips-lstm, each exchanged in one line by `dataclasses.replace`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from services.training.data.lips.chinese_lips import LipsData
from services.training.interfaces import Batch, Pieces, TrainingData
from services.training.lipreading.tokenizer import Tokenizer
from services.training.recipes.chinese_lips_lstm.reader import Reader
from services.training.recipes.chinese_lips_lstm.spec import RECIPE, ChineseLipsConfig
from services.training.recipes.lips.notes import notes_of, published
from services.training.recipes.validation import validated, validation_samples, validation_scores
from services.training.schedule import cosine, plateau

_BETAS, _EPSILON = (0.9, 0.98), 1e-9
_PLATEAU_EPOCHS = 5


def chinese_lips(config: ChineseLipsConfig, data: LipsData, tokenizer: Tokenizer) -> Pieces:
    """What the settings make of the data set."""
    reader = Reader(config, tokenizer)
    has_val = bool(data.val.items)
    return Pieces(
        train=data.train,
        budget_cost=config.batch_frames,
        budget_items=config.batch_size,
        model=reader.network,
        loss=reader.loss,
        optimizer=lambda model: torch.optim.AdamW(
            model.parameters(), config.learning_rate, _BETAS, _EPSILON, config.weight_decay
        ),
        learning_rate=lambda share, losses: rate(config, share, losses),
        train_at=lambda _seed, epoch, _share: Forcing(data.train, config.teacher_forcing(epoch)),
        validate=(lambda model, *part: validated(reader.texts, data.val, model, config.batch_frames, *part))
        if has_val
        else None,
        scores=lambda sums: validation_scores(sums, config.max_bad_records),
        samples=lambda model, number: validation_samples(reader.texts, data.val, model, number),
        best_by=config.best_by if has_val else "loss",
        num_val=len(data.val.items),
        vocabulary_size=tokenizer.vocabulary_size,
        notes=notes_of(config.max_frames, data, tokenizer),
        files=published(config, data, tokenizer),
        facts={
            "recipe": RECIPE.name,
            **reader.facts(),
            # What was set apart for validation follows from these.
            "val_share": str(config.val_share),
            "seed": str(config.seed),
        },
    )


class Forcing:
    """Data of an epoch, whose batches also say how often the decoder reads the right characters: forcing."""

    def __init__(self, data: TrainingData, forcing: float) -> None:
        self._data, self._forcing = data, forcing
        self.items, self.digest = data.items, data.digest

    def read(self, indices: Sequence[int], seed_name: str) -> Batch:
        """As the data give it. Raises as these do."""
        return {**self._data.read(indices, seed_name), "forcing": self._forcing}


def rate(config: ChineseLipsConfig, share: float, losses: Sequence[float]) -> float:
    """Factor on the learning rate. share: of the training that is done. losses: of the validations so far."""
    warmup_share = min(config.warmup_epochs / config.num_epochs, 0.99)
    if config.warmup == "ramp":
        if config.scheduler_type == "cosine":
            return cosine(share, warmup_share)
        return plateau(share, warmup_share, losses, _PLATEAU_EPOCHS)
    if config.scheduler_type == "plateau":
        return plateau(1.0, 0.0, losses, _PLATEAU_EPOCHS)
    # The baseline's scheduler moves on once an epoch, and not before the warm-up is over.
    epoch = int(share * config.num_epochs + 1e-9)
    num_falling = max(1, config.num_epochs - config.warmup_epochs)
    return (1.0 + math.cos(math.pi * max(0, epoch - config.warmup_epochs) / num_falling)) / 2.0
