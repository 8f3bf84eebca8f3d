"""What the recipe talker-syncnet is. Inert: flags are made from it without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.base.stage.fields import option
from services.base.stage.recipe import RecipeSpec
from services.base.stage.spec import ByName
from services.training.recipes.lips.spec import decides
from services.training.recipes.talker.spec import FREE_SETTINGS, TRAINING, TalkerTrainSettings


@dataclass(frozen=True)
class SyncNetConfig(TalkerTrainSettings):
    """Settings of a training. Raises ValueError for what cannot be."""

    batch_size: int = option(32, "frames of a micro-batch", group=TRAINING, aliases=("--batchsize",))
    learning_rate: float = option(1e-3, "greatest step of AdamW", group=TRAINING, aliases=("--lr",))
    weight_decay: float = option(1e-2, "of AdamW", group=TRAINING)
    flip: float = option(0.5, "share of blocks of frames that are seen in a mirror", group=TRAINING)
    brightness: float = option(0.2, "faces are up to this much brighter or darker", group=TRAINING)
    loss: Literal["contrastive", "legacy"] = option(
        "contrastive", "legacy: the original's, of right pairs alone, which teaches nothing", group=TRAINING
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_size < BLOCK_FRAMES or self.batch_size % BLOCK_FRAMES:
            raise ValueError(f"batch_size is {self.batch_size}: give a multiple of {BLOCK_FRAMES}")
        if not self.learning_rate > 0 or self.weight_decay < 0:
            raise ValueError(
                f"learning_rate {self.learning_rate} is more than 0, weight_decay {self.weight_decay} is 0 or more"
            )
        self._check_shares("flip", "brightness")


BLOCK_FRAMES = 8
"""Frames of one clip that stand in a micro-batch together: each is a negative of the others."""

RECIPE = RecipeSpec(
    name="talker-syncnet",
    version=1,
    config=SyncNetConfig,
    train=ByName("services.training.recipes.talker_syncnet.training:train_rank"),
    libraries=("numpy", "torch"),
    fingerprint=lambda config: decides(config, FREE_SETTINGS),
    any_num_ranks=True,
    entry_points={"test": ByName("services.training.recipes.talker_syncnet.test_command:test_main")},
)
