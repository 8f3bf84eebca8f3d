"""What the recipe talker-syncnet is. Inert: flags are made from it without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.base.stage.fields import FileRef, option
from services.base.stage.recipe import RecipeSpec
from services.base.stage.spec import ByName
from services.training.data.talker.names import names_of
from services.training.recipes.lips.spec import decides
from services.training.spec import FREE, TrainSettings

DATA, MODEL, TRAINING = "data set", "training", "training"

AsrChoice = Literal["", "ave", "hubert", "wenet", "mel"]
Resolution = Literal["328", "160"]


@dataclass(frozen=True)
class SyncNetConfig(TrainSettings):
    """Settings of a training. Raises ValueError for what cannot be."""

    data_root: FileRef = option(
        "dataset", "folder that holds the persons' folders, as `visemill run talker` makes them", group=DATA,
        metavar="ROOT",
    )  # fmt: skip
    names: str = option(
        "", "persons to learn from, by the names of their folders; may be repeated (default: all)", group=DATA,
        metavar="NAME", aliases=("--name",), several=True,
    )  # fmt: skip
    asr: AsrChoice = option(
        "", "features of the sound (default: hubert where all persons have it, else the one that they have)", group=DATA
    )
    num_epochs: int = option(100, "times that each frame is learnt from", group=TRAINING, aliases=("--epochs",))
    batch_size: int = option(32, "frames of a micro-batch", group=TRAINING, aliases=("--batchsize",))
    learning_rate: float = option(1e-3, "greatest step of AdamW", group=TRAINING, aliases=("--lr",))
    weight_decay: float = option(1e-2, "of AdamW", group=TRAINING)
    warm_up_share: float = option(0.03, "of the training, in which the learning rate grows", group=TRAINING)
    average_last_n: int = option(0, "epochs whose weights are averaged in the end; 0: none", group=TRAINING)
    flip: float = option(0.5, "share of blocks of frames that are seen in a mirror", group=TRAINING)
    brightness: float = option(0.2, "faces are up to this much brighter or darker", group=TRAINING)
    loss: Literal["contrastive", "legacy"] = option(
        "contrastive", "legacy: the original's, of right pairs alone, which teaches nothing", group=TRAINING
    )
    resolution: Resolution = option("328", "side of the crops", group=MODEL, unit="px")
    width: float = option(1.0, "factor on the network's channels; 1 is the document's", group=MODEL)

    def __post_init__(self) -> None:
        super().__post_init__()
        names_of(self.names)
        if self.batch_size < BLOCK_FRAMES or self.batch_size % BLOCK_FRAMES:
            raise ValueError(f"batch_size is {self.batch_size}: give a multiple of {BLOCK_FRAMES}")
        if not 0 < self.width <= 1:
            raise ValueError(f"width is {self.width}: give more than 0, and at most 1")
        if not self.learning_rate > 0 or self.weight_decay < 0:
            raise ValueError(
                f"learning_rate {self.learning_rate} is more than 0, weight_decay {self.weight_decay} is 0 or more"
            )
        for name in ("warm_up_share", "flip", "brightness"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: give 0 or more, and less than 1")

    @property
    def crop_px(self) -> int:
        """Side of the crops that are kept: faces are cut from within."""
        return {"328": 328, "160": 168}[self.resolution]

    @property
    def chosen_names(self) -> tuple[str, ...]:
        return names_of(self.names)


BLOCK_FRAMES = 8
"""Frames of one clip that stand in a micro-batch together: each is a negative of the others."""

FREE_SETTINGS = FREE | {"data_root"}

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
