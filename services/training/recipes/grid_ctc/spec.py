"""What the recipe grid-ctc is. Inert: flags are made from it without torch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from services.base.stage.fields import FileRef, option
from services.base.stage.recipe import RecipeSpec
from services.base.stage.spec import ByName, Fingerprint
from services.training.lipreading.preparation.draws import Augmentation
from services.training.lipreading.windows import Curriculum
from services.training.spec import FREE, TrainSettings

Size = Literal["full", "tiny"]
Encoder = Literal["lstm", "conformer"]

STEPS_PER_FRAME = 2
_LEARNING_RATES: dict[str, float] = {"tiny": 2e-3, "full": 5e-4}
_GROUP = "lipreader"


@dataclass(frozen=True)
class GridCtcConfig(TrainSettings):
    """Settings of a training on GRID's records. Raises ValueError for what cannot be."""

    data_root: FileRef = option(
        "", "TFRecords of `visemill run grid`: a folder or s3://bucket/prefix", group="data set", metavar="ROOT"
    )
    val_share: float = option(
        0.1, "of each speaker's training clips, to validate on where there is no val split", group="data set"
    )
    allow_leak: bool = option(False, "train although clips stand in two splits", group="data set")
    cache_mib: int = option(4096, "of records of a bucket that are kept on this machine", group="data set", unit="MiB")
    num_epochs: int = option(120, "times that each clip is learnt from", group="training")
    size: Size = option("full", "tiny: pictures of 48x24 px, for a CPU; full: 100x50 px", group=_GROUP)
    encoder: Encoder = option("lstm", "what reads along time; conformer: of size full", group=_GROUP)
    dropout: float = option(0.1, "share of values that are dropped in training", group=_GROUP)
    batch_frames: int = option(600, "frames of a micro-batch, padding among them", group=_GROUP, unit="frames")
    batch_size: int = option(
        0, "the same in clips: as many of the longest one; decides where it is given; 0: batch_frames", group=_GROUP
    )
    learning_rate: float = option(0.0, "greatest step of AdamW; 0: 0.002 of size tiny, 0.0005 of full", group=_GROUP)
    weight_decay: float = option(0.01, "of AdamW", group=_GROUP)
    warm_up_share: float = option(0.05, "of the training, in which the learning rate grows", group=_GROUP)
    windows_only: float = option(0.05, "share of the training that has word windows alone", group=_GROUP)
    whole_only: float = option(0.6, "share of the training from which on there are whole clips alone", group=_GROUP)
    max_words: int = option(4, "size of a word window at most", group=_GROUP)
    flip: float = option(0.5, "share of clips that are seen in a mirror", group=_GROUP)
    shift: float = option(1.0, "how far a crop lies from the middle at most, as a share of its margin", group=_GROUP)
    brightness: float = option(0.25, "gamma of pictures is at most 1 + this, at least the inverse", group=_GROUP)
    slowest: float = option(0.9, "least speed of a clip, as a factor", group=_GROUP)
    fastest: float = option(1.15, "greatest speed of a clip, as a factor", group=_GROUP)
    num_masks: int = option(1, "stretches of a clip that are masked", group=_GROUP)
    mask_frames: int = option(6, "of a mask at most", group=_GROUP, unit="frames")
    beam_width: int = option(20, "prefixes that a test keeps; 1: the likeliest class at each step", group=_GROUP)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.encoder == "conformer" and self.size == "tiny":
            raise ValueError("encoder conformer is of size full: give --size full, or --encoder lstm")
        if not 0 <= self.dropout < 1 or not 0 <= self.warm_up_share < 1:
            raise ValueError(
                f"dropout {self.dropout} and warm_up_share {self.warm_up_share} are 0 or more, and below 1"
            )
        if self.batch_frames < 1 or self.beam_width < 1:
            raise ValueError(f"batch_frames {self.batch_frames} and beam_width {self.beam_width}: both are 1 or more")
        if self.batch_size < 0:
            raise ValueError(f"batch_size is {self.batch_size}: give a number of clips, or 0 for batch_frames")
        if self.learning_rate < 0 or self.weight_decay < 0:
            raise ValueError(
                f"learning_rate {self.learning_rate} and weight_decay {self.weight_decay}: both are 0 or more"
            )
        # They say themselves what they cannot be.
        _ = self.augmentation, self.curriculum

    @property
    def augmentation(self) -> Augmentation:
        return Augmentation(
            self.flip, self.shift, self.brightness, self.slowest, self.fastest, self.num_masks, self.mask_frames
        )

    @property
    def curriculum(self) -> Curriculum:
        return Curriculum(self.windows_only, self.whole_only, self.max_words)

    def micro_batch_frames(self, longest_frames: int) -> int:
        """Of a micro-batch, padding among them. longest_frames: of a clip that is learnt from.

        Word windows, which are shorter, are as many more in it.
        """
        return self.batch_size * longest_frames or self.batch_frames

    @property
    def peak_learning_rate(self) -> float:
        return self.learning_rate or _LEARNING_RATES[self.size]


FREE_SETTINGS = FREE | {"data_root", "cache_mib", "beam_width"}


def _decides(config: GridCtcConfig) -> Fingerprint:
    """All that decides what is learnt; the data set is told by its digest."""
    # One of the two says how large a micro-batch is, and the other nothing.
    without = FREE_SETTINGS | {"batch_frames" if config.batch_size else "batch_size"}
    return Fingerprint({f.name: getattr(config, f.name) for f in dataclasses.fields(config) if f.name not in without})


RECIPE = RecipeSpec(
    name="grid-ctc",
    version=1,
    config=GridCtcConfig,
    train=ByName("services.training.recipes.grid_ctc.training:train_rank"),
    libraries=("numpy", "torch"),
    fingerprint=_decides,
    any_num_ranks=True,
    entry_points={
        "test": ByName("services.training.recipes.grid_ctc.test_command:test_main"),
        "stats": ByName("services.training.recipes.grid_ctc.stats_command:stats_main"),
        "lm": ByName("services.training.recipes.grid_ctc.lm_command:lm_main"),
        "export": ByName("services.training.recipes.grid_ctc.export_command:export_main"),
        "train": ByName("services.training.recipes.grid_ctc.training:train_main"),
        "average": ByName("services.training.checkpoint.average_command:average_main"),
    },
)
