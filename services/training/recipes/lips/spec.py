"""Settings of any training on Chinese-LiPS. Inert: flags are made from it without torch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from services.base.stage.fields import FileRef, option
from services.base.stage.spec import Fingerprint
from services.training.spec import FREE, Precision, TrainSettings

DATA, MODEL, TRAINING = "data set", "lipreader", "training"
LEAST_PX, MOST_PX = 32, 128


@dataclass(frozen=True)
class LipsTrainSettings(TrainSettings):
    """Raises ValueError for what cannot be."""

    data_root: FileRef = option(
        "",
        "folder or s3://bucket/prefix of the tables and videos of Chinese-LiPS, or of what `visemill run lips` made",
        group=DATA,
        metavar="ROOT",
    )
    cache_mib: int = option(4096, "of records of a bucket that are kept on this machine", group=DATA, unit="MiB")
    train_dir: str = option("processed_train", "folder of the training videos", group=DATA)
    val_dir: str = option("processed_val", "folder of the videos to validate on", group=DATA)
    test_dir: str = option("processed_test", "folder of the videos to test on", group=DATA)
    val_share: float = option(
        0.1, "of each speaker's training clips, to validate on where meta_valid.csv has none", group=DATA
    )
    allow_leak: bool = option(False, "train although videos stand in two splits", group=DATA)
    accept_licence: bool = option(
        False, "you have accepted the terms of Chinese-LiPS; asked once a data set", group=DATA
    )
    max_frames: int = option(500, "frames of a clip; what is behind them is cut off", group=DATA, unit="frames")
    resample: Literal["time", "step"] = option(
        "time", "frames by time; step: every n-th one, as the baseline takes them", group=DATA
    )
    unreadable: Literal["drop", "zeros"] = option(
        "drop", "videos that break while they are decoded: left out; zeros: black", group=DATA
    )
    frame_height: int = option(96, "of pictures", group=MODEL, unit="px")
    frame_width: int = option(96, "of pictures", group=MODEL, unit="px")
    fps: float = option(25.0, "frames a second", group=MODEL)
    max_text_length: int = option(200, "ids of a text, <sos> and <eos> among them", group=MODEL)
    batch_size: int = option(8, "clips of a micro-batch, at most", group=TRAINING)
    batch_frames: int = option(2000, "frames of a micro-batch, padding among them", group=TRAINING, unit="frames")
    label_smoothing: float = option(0.1, "probability that is spread over all characters", group=TRAINING)
    best_by: Literal["cer", "loss"] = option("cer", "score of the validation that best_model.pt is of", group=TRAINING)
    mixed_precision: bool = option(True, "fp16 on a GPU, whatever --precision says", group=TRAINING)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("frame_height", "frame_width"):
            if not LEAST_PX <= getattr(self, name) <= MOST_PX or getattr(self, name) % 16:
                raise ValueError(f"{name} is {getattr(self, name)}: give a multiple of 16 from {LEAST_PX} to {MOST_PX}")
        least = {"max_frames": 1, "batch_size": 1, "batch_frames": 1, "max_text_length": 2, "cache_mib": 0}
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise ValueError(f"{name} is {getattr(self, name)}: give {bound} or more")
        for name in ("label_smoothing", "val_share"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: give 0 or more, and less than 1")
        if not self.fps > 0:
            raise ValueError(f"fps is {self.fps}: give more than 0")

    @property
    def folders(self) -> dict[str, str]:
        """Of the videos of each split."""
        return {"train": self.train_dir, "val": self.val_dir, "test": self.test_dir}

    def precision_on(self, device_type: str) -> Precision:
        """device_type: cuda or cpu."""
        return "fp16" if self.mixed_precision and device_type == "cuda" else self.precision


FREE_SETTINGS = FREE | {"data_root", "cache_mib", "accept_licence"}
"""That decide nothing of what is learnt."""


def decides(config: Any, free: frozenset[str]) -> Fingerprint:
    """All that decides what is learnt; the data set is told by its digest."""
    return Fingerprint({f.name: getattr(config, f.name) for f in dataclasses.fields(config) if f.name not in free})
