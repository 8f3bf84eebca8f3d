"""What the entry points `test`, `stats`, `infer` and `lm` may be told. Inert: flags are made from it without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.base.stage.fields import Address, FileRef, option
from services.training.recipes.estimated import CountedTexts
from services.training.recipes.exported import BUNDLE, SERVER, check_server
from services.training.recipes.tested import BEST, STATE_DIR, TestedModel

_DATA, _MODEL, _PRINTED = "data set", "lipreader", "output"
_ROOT = "folder or s3://bucket/prefix of the tables and videos of Chinese-LiPS"
_SAY_ROOT = "say where the data set is: --data-root ROOT, which holds meta_train.csv"
Normalization = Literal["none", "zh"]


@dataclass(frozen=True)
class LipsTestSettings(TestedModel):
    """Of a test. Raises ValueError for what cannot be."""

    data_root: FileRef = option("", f"{_ROOT} (default: as config.yaml says)", group=_DATA, metavar="ROOT")
    batch_size: int = option(8, "clips that are read together, at most", group=_MODEL)
    normalization: Normalization = option(
        "none", "what is done to both texts; zh: widths alike, no punctuation or blanks, simplified", group=_PRINTED
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_size < 1:
            raise ValueError(f"batch_size is {self.batch_size}: give 1 or more")


@dataclass(frozen=True)
class LipsInferSettings:
    """Of reading a clip. Raises ValueError for what cannot be."""

    video_path: str = option("", "clip of a mouth, or with a bundle of a face", group=_DATA, metavar="FILE")
    ground_truth: str = option("", "the right text, to count the errors", group=_DATA)
    checkpoint_dir: FileRef = option("checkpoints", "results of a training", group=_MODEL, metavar="ROOT")
    checkpoint: FileRef = option(
        "", f"file to read with, also weights as .safetensors (default: {BEST} of --checkpoint-dir)", group=_MODEL
    )
    bundle: str = option("", f"{BUNDLE}, or its s3:// URI, in place of a checkpoint", group=_MODEL, metavar="FOLDER")
    server: Address = option("", f"{SERVER}, in place of a checkpoint", group=_MODEL)
    cropped: bool = option(
        False, "with a bundle or a server: the clip shows a mouth alone, of the bundle's size", group=_DATA
    )

    def __post_init__(self) -> None:
        if not self.video_path:
            raise ValueError("say what to read: --video-path FILE")
        if sum(map(bool, (self.bundle, self.server, self.checkpoint))) > 1:
            raise ValueError("say who reads: --bundle FOLDER, --server HOST:PORT, or --checkpoint FILE")
        check_server(self.server)
        if self.cropped and not (self.bundle or self.server):
            raise ValueError("--cropped is of a --bundle or --server: what a checkpoint reads is a mouth always")

    @property
    def file(self) -> str:
        """What reads."""
        return self.checkpoint or f"{self.checkpoint_dir.rstrip('/')}/{BEST}"


@dataclass(frozen=True)
class LipsStatsSettings:
    """Of a look at a data set. Raises ValueError for what cannot be."""

    data_root: FileRef = option("", _ROOT, group=_DATA, metavar="ROOT")
    max_frames: int = option(500, "frames of a clip in a training, for the share that is cut", group=_DATA)
    state_root: FileRef = option(
        "", "where the index of the videos is kept (default: .visemill below the data set)", group=_DATA, metavar="ROOT"
    )

    def __post_init__(self) -> None:
        if not self.data_root:
            raise ValueError(_SAY_ROOT)
        if self.max_frames < 1:
            raise ValueError(f"max_frames is {self.max_frames}: give 1 or more")

    @property
    def index_root(self) -> str:
        return self.state_root or f"{self.data_root.rstrip('/')}/{STATE_DIR}"


@dataclass(frozen=True)
class LipsEstimateSettings(CountedTexts):
    """Of counting a language model. Raises ValueError for what cannot be."""

    data_root: FileRef = option("", f"{_ROOT}, or output of `visemill run lips`", group=_DATA, metavar="ROOT")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.data_root or self.text):
            raise ValueError("say what to count: --data-root ROOT, which holds meta_train.csv, or --text FILE")
