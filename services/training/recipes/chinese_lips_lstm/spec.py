"""What the recipe chinese-lips-lstm is. Inert: flags are made from it without torch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from services.base.stage.fields import FileRef, option
from services.base.stage.recipe import RecipeSpec
from services.base.stage.spec import ByName, Fingerprint
from services.training.spec import FREE, Precision, TrainSettings

_DATA, _MODEL, _TRAINING = "data set", "lipreader", "training"
LEAST_PX, MOST_PX = 32, 128
LEAST_TEACHER_FORCING, TEACHER_FORCING_DECAY = 0.5, 0.05
"""Of epoch n, from 0, the decoder reads the right characters in max(0.5, 1 - 0.05 n) of the micro-batches."""


@dataclass(frozen=True)
class ChineseLipsConfig(TrainSettings):
    """Settings of a training on Chinese-LiPS. Raises ValueError for what cannot be."""

    # As the baseline has them.
    num_epochs: int = option(100, "times that each clip is learnt from", group=_TRAINING)
    accumulation_steps: int = option(4, "micro-batches of an optimiser step, over all ranks", group=_TRAINING)

    data_root: FileRef = option(
        "",
        "folder or s3://bucket/prefix of the tables and videos of Chinese-LiPS, or of what `visemill run lips` made",
        group=_DATA,
        metavar="ROOT",
    )
    cache_mib: int = option(4096, "of records of a bucket that are kept on this machine", group=_DATA, unit="MiB")
    train_dir: str = option("processed_train", "folder of the training videos", group=_DATA)
    val_dir: str = option("processed_val", "folder of the videos to validate on", group=_DATA)
    test_dir: str = option("processed_test", "folder of the videos to test on", group=_DATA)
    val_share: float = option(
        0.1, "of each speaker's training clips, to validate on where meta_valid.csv has none", group=_DATA
    )
    allow_leak: bool = option(False, "train although videos stand in two splits", group=_DATA)
    accept_licence: bool = option(
        False, "you have accepted the terms of Chinese-LiPS; asked once a folder of results", group=_DATA
    )
    max_frames: int = option(500, "frames of a clip; what is behind them is cut off", group=_DATA, unit="frames")
    resample: Literal["time", "step"] = option(
        "time", "frames by time; step: every n-th one, as the baseline takes them", group=_DATA
    )
    unreadable: Literal["drop", "zeros"] = option(
        "drop", "videos that break while they are decoded: left out; zeros: black", group=_DATA
    )
    frame_height: int = option(96, "of pictures", group=_MODEL, unit="px")
    frame_width: int = option(96, "of pictures", group=_MODEL, unit="px")
    fps: float = option(25.0, "frames a second", group=_MODEL)
    hidden_dim: int = option(256, "size of the encoder's output and of the decoder", group=_MODEL)
    temporal_model: Literal["lstm"] = option("lstm", "what reads along time", group=_MODEL)
    num_lstm_layers: int = option(2, "of the encoder", group=_MODEL)
    num_heads: int = option(8, "of the attention", group=_MODEL)
    dropout: float = option(0.3, "share of values that are dropped in training", group=_MODEL)
    pad_mask: bool = option(True, "the attention looks at no frame past a clip's end", group=_MODEL)
    max_text_length: int = option(200, "ids of a text, <sos> and <eos> among them", group=_MODEL)
    batch_size: int = option(8, "clips of a micro-batch, at most", group=_TRAINING)
    batch_frames: int = option(2000, "frames of a micro-batch, padding among them", group=_TRAINING, unit="frames")
    learning_rate: float = option(1e-4, "greatest step of AdamW", group=_TRAINING)
    weight_decay: float = option(1e-5, "of AdamW", group=_TRAINING)
    label_smoothing: float = option(0.1, "probability that is spread over all characters", group=_TRAINING)
    warmup_epochs: int = option(5, "epochs before the learning rate falls", group=_TRAINING)
    warmup: Literal["ramp", "constant"] = option(
        "ramp", "the learning rate grows in them; constant: it is at its greatest", group=_TRAINING
    )
    scheduler_type: Literal["cosine", "plateau"] = option("cosine", "how the learning rate falls", group=_TRAINING)
    loss_norm: Literal["token", "batch"] = option(
        "token", "losses of a step are divided by its characters; batch: means of micro-batches", group=_TRAINING
    )
    best_by: Literal["cer", "loss"] = option("cer", "score of the validation that best_model.pt is of", group=_TRAINING)
    mixed_precision: bool = option(True, "fp16 on a GPU, whatever --precision says", group=_TRAINING)
    log_dir: str = option("", "of no effect: the log is logs/training.log of the results", group=_TRAINING)
    device: Literal["auto", "cuda", "cpu"] = option("auto", "cpu: no GPU, where there is one", group=_TRAINING)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("frame_height", "frame_width"):
            if not LEAST_PX <= getattr(self, name) <= MOST_PX or getattr(self, name) % 16:
                raise ValueError(f"{name} is {getattr(self, name)}: give a multiple of 16 from {LEAST_PX} to {MOST_PX}")
        if self.hidden_dim < 2 or self.hidden_dim % 2 or self.num_heads < 1 or self.hidden_dim % self.num_heads:
            raise ValueError(
                f"hidden_dim {self.hidden_dim} is even, and a multiple of num_heads {self.num_heads}: change one"
            )
        least = {"max_frames": 1, "batch_size": 1, "batch_frames": 1, "num_lstm_layers": 1, "max_text_length": 2}
        for name, bound in {**least, "warmup_epochs": 0, "cache_mib": 0}.items():
            if getattr(self, name) < bound:
                raise ValueError(f"{name} is {getattr(self, name)}: give {bound} or more")
        for name in ("dropout", "label_smoothing", "val_share"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: give 0 or more, and less than 1")
        if not self.learning_rate > 0 or self.weight_decay < 0 or not self.fps > 0:
            raise ValueError(
                f"learning_rate {self.learning_rate} and fps {self.fps} are more than 0, weight_decay "
                f"{self.weight_decay} is 0 or more"
            )

    @property
    def folders(self) -> dict[str, str]:
        """Of the videos of each split."""
        return {"train": self.train_dir, "val": self.val_dir, "test": self.test_dir}

    def precision_on(self, device_type: str) -> Precision:
        """device_type: cuda or cpu."""
        return "fp16" if self.mixed_precision and device_type == "cuda" else self.precision

    def teacher_forcing(self, epoch: int) -> float:
        """Share of the micro-batches of an epoch, from 0, in which the decoder reads the right characters."""
        return max(LEAST_TEACHER_FORCING, 1.0 - TEACHER_FORCING_DECAY * epoch)


FREE_SETTINGS = FREE | {"data_root", "cache_mib", "accept_licence", "log_dir"}


def _decides(config: ChineseLipsConfig) -> Fingerprint:
    """All that decides what is learnt; the data set is told by its digest."""
    return Fingerprint(
        {f.name: getattr(config, f.name) for f in dataclasses.fields(config) if f.name not in FREE_SETTINGS}
    )


RECIPE = RecipeSpec(
    name="chinese-lips-lstm",
    version=1,
    config=ChineseLipsConfig,
    train=ByName("services.training.recipes.chinese_lips_lstm.training:train_rank"),
    libraries=("numpy", "torch"),
    fingerprint=_decides,
    any_num_ranks=True,
    doors={
        "test": ByName("services.training.recipes.chinese_lips_lstm.door:test_main"),
        "stats": ByName("services.training.recipes.chinese_lips_lstm.stats_door:stats_main"),
        "infer": ByName("services.training.recipes.chinese_lips_lstm.infer_door:infer_main"),
        "train": ByName("services.training.recipes.chinese_lips_lstm.training:train_main"),
        "average": ByName("services.training.checkpoint.average_door:average_main"),
    },
)
