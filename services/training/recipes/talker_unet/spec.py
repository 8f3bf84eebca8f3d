"""What the recipe talker-unet is. Inert: flags are made from it without torch."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.stage.fields import FileRef, option
from services.base.stage.recipe import RecipeSpec
from services.base.stage.spec import ByName
from services.training.recipes.lips.spec import decides
from services.training.recipes.talker.spec import HEAD_FREE_SETTINGS, TRAINING, HeadTrainSettings


@dataclass(frozen=True)
class UNetConfig(HeadTrainSettings):
    """Settings of a training. Raises ValueError for what cannot be."""

    batch_size: int = option(8, "frames of a micro-batch", group=TRAINING, aliases=("--batchsize",))
    learning_rate: float = option(1e-3, "greatest step of Adam", group=TRAINING, aliases=("--lr",))
    flip: float = option(0.0, "share of frames that are seen in a mirror", group=TRAINING)
    mouth_weight: float = option(
        4.0, "weight of differences within the box of the mouth; 1: as elsewhere", group=TRAINING
    )
    temporal_weight: float = option(
        0.0,
        "of how the mouth changes from a frame to the next, beside the difference of pictures; with it neighbours are "
        "learnt from in pairs",
        group=TRAINING,
    )
    use_syncnet: bool = option(
        False,
        "a frozen SyncNet says how well the painted face fits the sound; --syncnet-checkpoint says which",
        group=TRAINING,
    )
    syncnet_checkpoint: FileRef = option(
        "", "file of a SyncNet that is used: best_model.pt of talker-syncnet, or of the original's code", group=TRAINING
    )
    see_res: bool = option(
        False, "write pictures of what is painted of held-out frames after each saved epoch", group=TRAINING
    )
    sync_weight: float = option(
        10.0, "hundredths of what a painted face lacks of the real one's likeness to its sound", group=TRAINING
    )
    vgg19: FileRef = option(
        "",
        "file of `visemill models convert vgg19`, by which painted faces are compared as they look (default: not)",
        group=TRAINING,
    )
    perceptual_weight: float = option(0.01, "of that comparison, beside the difference of pictures", group=TRAINING)
    landmark_model: FileRef = option(
        "",
        "ONNX file of PFLD, which finds lips in painted and in real held-out faces after each epoch (default: not)",
        group=TRAINING,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_size < 1:
            raise ValueError(f"batch_size is {self.batch_size}: give 1 or more")
        if not self.learning_rate > 0 or self.mouth_weight < 1:
            raise ValueError(
                f"learning_rate {self.learning_rate} is more than 0, mouth_weight {self.mouth_weight} 1 or more"
            )
        for name in ("sync_weight", "perceptual_weight"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)}: give 0 or more")
        if self.temporal_weight < 0 or (self.temporal_weight and self.batch_size % 2):
            raise ValueError(
                f"temporal_weight {self.temporal_weight} is 0 or more, and more than 0 with an even batch_size alone, "
                f"not {self.batch_size}: neighbours stand in a micro-batch together"
            )
        self._check_shares("flip")
        if self.use_syncnet and not self.syncnet_checkpoint:
            raise ValueError("use_syncnet is given without syncnet_checkpoint: name the file of a SyncNet")


# What the first two files hold decides, and is told by their digests; where they lie does not. The lips decide nothing.
FREE_SETTINGS = HEAD_FREE_SETTINGS | {"syncnet_checkpoint", "vgg19", "landmark_model", "see_res"}

RECIPE = RecipeSpec(
    name="talker-unet",
    version=1,
    config=UNetConfig,
    train=ByName("services.training.recipes.talker_unet.training:train_rank"),
    libraries=("numpy", "torch"),
    fingerprint=lambda config: decides(config, FREE_SETTINGS),
    settled=ByName("services.training.data.talker.consent:settled_consent"),
    models=ByName("services.training.checkpoint.content:talker_models"),
    any_num_ranks=True,
    entry_points={
        "test": ByName("services.training.recipes.talker_unet.test_command:test_main"),
        "export": ByName("services.training.recipes.talker_unet.export_command:export_main"),
    },
)
