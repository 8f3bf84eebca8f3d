"""The pieces of a training of chinese-lips-conformer, each exchanged in one line by `dataclasses.replace`."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from services.base.errors import BadConfig
from services.training.data.lips.chinese_lips import LipsData
from services.training.interfaces import Batch, Item, Pieces, TrainingData
from services.training.lipreading.pinyin import syllables_in
from services.training.lipreading.tokenizer import Tokenizer
from services.training.recipes.chinese_lips_conformer.initial import begun_with
from services.training.recipes.chinese_lips_conformer.reader import ConformerReader, pinyin_scores
from services.training.recipes.chinese_lips_conformer.spec import RECIPE, ConformerConfig, with_syllables
from services.training.recipes.lips.notes import notes_of, published
from services.training.recipes.validation import validated, validation_samples, validation_scores
from services.training.recipes.with_draws import WithDraws
from services.training.schedule import cosine

_BETAS, _EPSILON = (0.9, 0.98), 1e-9
_STEPS_PER_FRAME = 1


def chinese_lips_conformer(config: ConformerConfig, data: LipsData, tokenizer: Tokenizer) -> Pieces:
    """What the settings make of the data set."""
    told, config = config, _with_pinyin(config, data)
    reader = ConformerReader(config, tokenizer)
    has_val = bool(data.val.items)
    train = WithDraws(data.train, config.augmentation, _STEPS_PER_FRAME)
    return Pieces(
        train=train,
        budget_cost=config.batch_frames,
        budget_items=config.batch_size,
        model=lambda seed: begun_with(config, reader.network(seed)),
        loss=reader.loss,
        optimizer=lambda model: torch.optim.AdamW(
            model.parameters(), config.learning_rate, _BETAS, _EPSILON, config.weight_decay
        ),
        learning_rate=lambda share, _: cosine(share, config.warm_up_share),
        train_at=lambda _seed, _epoch, share: of_epoch(config, train, share),
        validate=(
            lambda model, part, num_parts: validated(
                reader.texts, data.val, model, config.batch_frames, part, num_parts, further=reader.part_names
            )
        )
        if has_val
        else None,
        scores=lambda sums: {**validation_scores(sums, config.max_bad_records), **pinyin_scores(sums)},
        samples=lambda model, number: validation_samples(reader.texts, data.val, model, number),
        best_by=config.best_by if has_val else "loss",
        num_val=len(data.val.items),
        vocabulary_size=tokenizer.vocabulary_size,
        notes=notes_of(config.max_frames, data, tokenizer),
        files={**published(told, data, tokenizer), **reader.files},
        facts={
            "recipe": RECIPE.name,
            **reader.facts(),
            # What was set apart for validation follows from these.
            "val_share": str(config.val_share),
            "seed": str(config.seed),
        },
    )


def _with_pinyin(config: ConformerConfig, data: LipsData) -> ConformerConfig:
    """The settings, with the syllables of the training text where these are read, too. Raises BadConfig NO_SYLLABLES,
    LIBRARY_MISSING.
    """
    if not config.pinyin_weight:
        return config
    syllables = syllables_in((clip.text for clip in data.train.clips), config.pinyin_tones)
    if not syllables.names:
        raise BadConfig(
            "NO_SYLLABLES", "no character of the training text has a reading in pinyin: give --pinyin-weight 0"
        )
    return with_syllables(config, syllables.names)


def of_epoch(config: ConformerConfig, data: TrainingData, share: float) -> TrainingData:
    """Short clips first: a network that has not found the mouth yet learns nothing from long ones (auto_avsr, #37).

    share: of the training before the epoch.
    """
    if share >= config.short_share:
        return data
    short = [i for i, item in enumerate(data.items) if item.cost <= config.short_frames]
    return Chosen(data, short) if 0 < len(short) < len(data.items) else data


class Chosen:
    """Some items of data as data of their own."""

    def __init__(self, data: TrainingData, places: Sequence[int]) -> None:
        """places: of the items, ascending."""
        self._data, self._places = data, tuple(places)
        self.items: Sequence[Item] = tuple(data.items[i] for i in self._places)
        self.digest = f"{data.digest}/{len(self._places)}"

    def read(self, indices: Sequence[int], seed_name: str) -> Batch:
        """As the data give them. Raises as these do."""
        return self._data.read([self._places[i] for i in indices], seed_name)
