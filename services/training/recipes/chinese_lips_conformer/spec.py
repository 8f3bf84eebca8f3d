"""What the recipe chinese-lips-conformer is. Inert: flags are made from it without torch."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal

from services.base.stage.fields import FileRef, option
from services.base.stage.recipe import RecipeSpec
from services.base.stage.spec import ByName, Fingerprint
from services.training.lipreading.preparation.draws import Augmentation
from services.training.recipes.lips.spec import DATA, FREE_SETTINGS, MODEL, TRAINING, LipsTrainSettings, decides

Size = Literal["base", "small"]
NUM_BLOCKS = {"base": 12, "small": 3}
"""Of the encoder, by size."""
InitPart = Literal["all", "encoder", "frontend"]


@dataclass(frozen=True)
class ConformerConfig(LipsTrainSettings):
    """Settings of a training on Chinese-LiPS. Raises ValueError for what cannot be."""

    num_epochs: int = option(75, "times that each clip is learnt from", group=TRAINING)
    accumulation_steps: int = option(2, "micro-batches of an optimiser step, over all ranks", group=TRAINING)
    average_last_n: int = option(10, "epochs whose weights are averaged in the end", group=TRAINING)
    batch_size: int = option(64, "clips of a micro-batch, at most", group=TRAINING)

    size: Size = option("base", "small: for a CPU, and data that are made", group=MODEL)
    dropout: float = option(0.1, "share of values that are dropped in training", group=MODEL)
    ctc_weight: float = option(0.3, "share of CTC in the loss; 1: no decoder at all", group=MODEL)
    pinyin_weight: float = option(
        0.0, "of the loss of a second reader by CTC, of syllables in pinyin, beside the others; 0: none", group=MODEL
    )
    pinyin_tones: bool = option(False, "syllables with their tones", group=MODEL)
    pinyin_block: int = option(0, "block of the encoder that it reads; 0: the last", group=MODEL)
    beam_width: int = option(10, "prefixes that a test keeps; 1: the likeliest class at each step", group=MODEL)
    rescoring: float = option(
        0.5, "share of the decoder in the score of these; 0: CTC alone chooses among them", group=MODEL
    )
    learning_rate: float = option(1e-3, "greatest step of AdamW", group=TRAINING)
    weight_decay: float = option(0.03, "of AdamW", group=TRAINING)
    warm_up_share: float = option(0.07, "of the training, in which the learning rate grows", group=TRAINING)
    short_share: float = option(
        0.2, "of the training, in which short clips alone are learnt from, where there are any", group=DATA
    )
    short_frames: int = option(100, "of a short clip at most", group=DATA, unit="frames")
    init: FileRef = option(
        "", "checkpoint whose weights the network begins with, as far as --init-part says", group=TRAINING
    )
    init_part: InitPart = option(
        "frontend", "of --init: frontend, what sees; encoder, that and what reads along time; all", group=TRAINING
    )
    flip: float = option(0.5, "share of clips that are seen in a mirror", group=TRAINING)
    shift: float = option(1.0, "how far a crop lies from the middle at most, as a share of its margin", group=TRAINING)
    brightness: float = option(0.25, "gamma of pictures is at most 1 + this, at least the inverse", group=TRAINING)
    slowest: float = option(0.9, "least speed of a clip, as a factor", group=TRAINING)
    fastest: float = option(1.15, "greatest speed of a clip, as a factor", group=TRAINING)
    num_masks: int = option(3, "stretches of a clip that are masked", group=TRAINING)
    mask_frames: int = option(10, "of a mask at most", group=TRAINING, unit="frames")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("dropout", "warm_up_share", "short_share"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: give 0 or more, and less than 1")
        if not 0 < self.ctc_weight <= 1 or not 0 <= self.rescoring <= 1:
            raise ValueError(
                f"ctc_weight {self.ctc_weight} is more than 0 and at most 1, rescoring {self.rescoring} is 0 to 1"
            )
        if self.beam_width < 1 or self.short_frames < 1:
            raise ValueError(f"beam_width {self.beam_width} and short_frames {self.short_frames} are 1 or more")
        if not self.learning_rate > 0 or self.weight_decay < 0:
            raise ValueError(
                f"learning_rate {self.learning_rate} is more than 0, weight_decay {self.weight_decay} is 0 or more"
            )
        if not 0 <= self.pinyin_weight < math.inf or not 0 <= self.pinyin_block <= NUM_BLOCKS[self.size]:
            raise ValueError(
                f"pinyin_weight {self.pinyin_weight} is 0 or more, pinyin_block {self.pinyin_block} 0 to "
                f"{NUM_BLOCKS[self.size]} of size {self.size}"
            )
        # It says itself what it cannot be.
        _ = self.augmentation

    @property
    def augmentation(self) -> Augmentation:
        return Augmentation(
            self.flip, self.shift, self.brightness, self.slowest, self.fastest, self.num_masks, self.mask_frames
        )


@dataclass(frozen=True)
class NetworkConfig(ConformerConfig):
    """Settings of a network whose reader of pinyin has these syllables, in their order."""

    syllables: tuple[str, ...] = ()


def with_syllables(config: ConformerConfig, syllables: tuple[str, ...], **changed: Any) -> NetworkConfig:
    """The settings, of a network that has these. changed: settings that have other values."""
    values = {field.name: getattr(config, field.name) for field in dataclasses.fields(ConformerConfig)}
    return NetworkConfig(**{**values, **changed}, syllables=syllables)


# What the file of init holds decides, and is told by its digest; where it lies does not.
FREE = FREE_SETTINGS | {"beam_width", "rescoring", "init"}

_OF_PINYIN = frozenset({"pinyin_weight", "pinyin_tones", "pinyin_block"})


def _decides(config: ConformerConfig) -> Fingerprint:
    """As of any recipe on Chinese-LiPS; pinyin where it is read."""
    return decides(config, FREE if config.pinyin_weight else FREE | _OF_PINYIN)


RECIPE = RecipeSpec(
    name="chinese-lips-conformer",
    version=1,
    config=ConformerConfig,
    train=ByName("services.training.recipes.chinese_lips_conformer.entry_points:train_rank"),
    libraries=("numpy", "torch"),
    fingerprint=_decides,
    models=ByName("services.training.checkpoint.content:init_models"),
    any_num_ranks=True,
    entry_points={
        "test": ByName("services.training.recipes.chinese_lips_conformer.entry_points:test_main"),
        "stats": ByName("services.training.recipes.lips.stats_command:stats_main"),
        "lm": ByName("services.training.recipes.lips.lm_command:lm_main"),
        "export": ByName("services.training.recipes.chinese_lips_conformer.entry_points:export_main"),
        "train": ByName("services.training.recipes.chinese_lips_conformer.entry_points:train_main"),
        "average": ByName("services.training.checkpoint.average_command:average_main"),
    },
)
