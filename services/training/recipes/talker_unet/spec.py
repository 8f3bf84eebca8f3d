"""What the recipe talker-unet is. Inert: flags are made from it without torch."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.stage.fields import FileRef, option
from services.base.stage.recipe import RecipeSpec
from services.base.stage.spec import ByName
from services.training.data.talker.names import names_of
from services.training.recipes.lips.spec import decides
from services.training.recipes.talker_syncnet.spec import AsrChoice, Resolution
from services.training.spec import FREE, TrainSettings

DATA, TRAINING = "data set", "training"


@dataclass(frozen=True)
class UNetConfig(TrainSettings):
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
    batch_size: int = option(8, "frames of a micro-batch", group=TRAINING, aliases=("--batchsize",))
    learning_rate: float = option(1e-3, "greatest step of Adam", group=TRAINING, aliases=("--lr",))
    warm_up_share: float = option(0.03, "of the training, in which the learning rate grows", group=TRAINING)
    average_last_n: int = option(0, "epochs whose weights are averaged in the end; 0: none", group=TRAINING)
    flip: float = option(0.0, "share of frames that are seen in a mirror", group=TRAINING)
    mouth_weight: float = option(
        4.0, "weight of differences within the box of the mouth; 1: as elsewhere", group=TRAINING
    )
    use_syncnet: bool = option(
        False,
        "a frozen SyncNet says how well the painted face fits the sound; --syncnet-checkpoint says which",
        group=TRAINING,
    )
    syncnet_checkpoint: FileRef = option(
        "", "file of a SyncNet that is used: best_model.pt of talker-syncnet, or of the original's code", group=TRAINING
    )
    sync_weight: float = option(10.0, "of what it says, beside the difference of pictures", group=TRAINING)
    resolution: Resolution = option("328", "side of the crops", group=TRAINING, unit="px")
    width: float = option(1.0, "factor on the network's channels; 1 is the document's", group=TRAINING)

    def __post_init__(self) -> None:
        super().__post_init__()
        names_of(self.names)
        if self.batch_size < 1:
            raise ValueError(f"batch_size is {self.batch_size}: give 1 or more")
        if not 0 < self.width <= 1:
            raise ValueError(f"width is {self.width}: give more than 0, and at most 1")
        if not self.learning_rate > 0 or self.mouth_weight < 1 or self.sync_weight < 0:
            raise ValueError(
                f"learning_rate {self.learning_rate} is more than 0, mouth_weight {self.mouth_weight} 1 or more, "
                f"sync_weight {self.sync_weight} 0 or more"
            )
        for name in ("warm_up_share", "flip"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: give 0 or more, and less than 1")
        if self.use_syncnet and not self.syncnet_checkpoint:
            raise ValueError("use_syncnet is given without syncnet_checkpoint: name the file of a SyncNet")

    @property
    def crop_px(self) -> int:
        """Side of the crops that are kept: faces are cut from within."""
        return {"328": 328, "160": 168}[self.resolution]

    @property
    def chosen_names(self) -> tuple[str, ...]:
        return names_of(self.names)


# What the file of a SyncNet holds decides, and is told by its digest; where it lies does not.
FREE_SETTINGS = FREE | {"data_root", "syncnet_checkpoint"}

RECIPE = RecipeSpec(
    name="talker-unet",
    version=1,
    config=UNetConfig,
    train=ByName("services.training.recipes.talker_unet.training:train_rank"),
    libraries=("numpy", "torch"),
    fingerprint=lambda config: decides(config, FREE_SETTINGS),
    models=ByName("services.training.checkpoint.content:syncnet_models"),
    any_num_ranks=True,
    entry_points={"test": ByName("services.training.recipes.talker_unet.test_command:test_main")},
)
