"""What the entry points `test`, `stats` and `export` may be told. Inert: flags are made from it without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.base.stage.fields import FileRef, option

BEST = "best_model.pt"
STATE_DIR, TESTS_DIR = ".visemill", "tests"
_DATA, _MODEL, _PRINTED = "data set", "lipreader", "output"
_RECORDS = "TFRecords of `visemill run grid`: a folder or s3://bucket/prefix"
_STATE = "where the index of the records is kept (default: .visemill "


@dataclass(frozen=True)
class TestSettings:
    """Of a test. Raises ValueError for what cannot be."""

    __test__ = False

    data_root: FileRef = option("", _RECORDS, group=_DATA, metavar="ROOT")
    split: Literal["train", "val", "test"] = option("test", "whose clips are read", group=_DATA)
    allow_leak: bool = option(False, "test although clips stand in two splits", group=_DATA)
    max_bad_records: int = option(0, "records that cannot be read before nothing is tested", group=_DATA)
    state_root: FileRef = option("", f"{_STATE}beside the checkpoint)", group=_DATA, metavar="ROOT")
    checkpoint_dir: FileRef = option("checkpoints", "results of a training", group=_MODEL, metavar="ROOT")
    checkpoint: FileRef = option(
        "", f"file to test, also weights as .safetensors (default: {BEST} of --checkpoint-dir)", group=_MODEL
    )
    beam_width: int = option(20, "prefixes that are kept; 1: the likeliest class at each step", group=_MODEL)
    num_examples: int = option(5, "clips whose texts are printed", group=_PRINTED)
    num_shown: int = option(6, "of the worst clips, that the page shows frames and posteriors of", group=_PRINTED)
    results_root: FileRef = option(
        "",
        "where page and table go (default: tests/SPLIT beside the checkpoint)",
        group=_PRINTED,
        metavar="ROOT",
    )

    def __post_init__(self) -> None:
        if not self.data_root:
            raise ValueError("say where the records are: --data-root ROOT, the output of `visemill run grid`")
        if self.beam_width < 1 or min(self.max_bad_records, self.num_examples, self.num_shown) < 0:
            raise ValueError(
                f"beam_width {self.beam_width} is 1 or more, max_bad_records {self.max_bad_records}, num_examples "
                f"{self.num_examples} and num_shown {self.num_shown} are 0 or more"
            )

    @property
    def file(self) -> str:
        """What is tested."""
        return self.checkpoint or f"{self.checkpoint_dir.rstrip('/')}/{BEST}"

    @property
    def results(self) -> str:
        """Where the page and the table go."""
        return self.results_root or f"{self.file.rpartition('/')[0] or '.'}/{TESTS_DIR}/{self.split}"

    @property
    def index_root(self) -> str:
        """Where the index is kept: where a training has kept it, too."""
        return self.state_root or f"{self.file.rpartition('/')[0] or '.'}/{STATE_DIR}"


@dataclass(frozen=True)
class InferSettings:
    """Of reading a clip. Raises ValueError for what cannot be."""

    video_path: str = option("", "clip to read", group=_DATA, metavar="FILE")
    ground_truth: str = option("", "the right text, to count the errors", group=_DATA)
    bundle: str = option("", "folder that `visemill export` wrote", group=_MODEL, metavar="FOLDER")
    checkpoint_dir: FileRef = option(
        "", "results of a training, in place of a bundle: needs torch", group=_MODEL, metavar="ROOT"
    )
    beam_width: int = option(20, "prefixes that are kept; 1: the likeliest class at each step", group=_MODEL)
    cropped: bool = option(False, "the clip shows a mouth alone, of the bundle's size", group=_DATA)

    def __post_init__(self) -> None:
        if not self.video_path:
            raise ValueError("say what to read: --video-path FILE")
        if bool(self.bundle) == bool(self.checkpoint_dir):
            raise ValueError("say who reads: --bundle FOLDER, or --checkpoint-dir ROOT")
        if self.beam_width < 1:
            raise ValueError(f"beam_width is {self.beam_width}: give 1 or more")


@dataclass(frozen=True)
class StatsSettings:
    """Of a look at a data set. Raises ValueError for what cannot be."""

    data_root: FileRef = option("", _RECORDS, group=_DATA, metavar="ROOT")
    val_share: float = option(
        0.1, "of each speaker's training clips, to validate on where there is no val split", group=_DATA
    )
    seed: int = option(1, "what these are drawn from", group=_DATA)
    state_root: FileRef = option("", f"{_STATE}below the records)", group=_DATA, metavar="ROOT")

    def __post_init__(self) -> None:
        if not self.data_root:
            raise ValueError("say where the records are: --data-root ROOT, the output of `visemill run grid`")
        if not 0 <= self.val_share < 1:
            raise ValueError(f"val_share is {self.val_share}: give a share from 0 to below 1")

    @property
    def index_root(self) -> str:
        return self.state_root or f"{self.data_root.rstrip('/')}/{STATE_DIR}"


@dataclass(frozen=True)
class ExportSettings:
    """Of an export. Raises ValueError for what cannot be."""

    bundle: str = option("", "folder to write, which is not there yet", group="output", metavar="FOLDER")
    checkpoint_dir: FileRef = option("checkpoints", "results of a training", group=_MODEL, metavar="ROOT")
    checkpoint: FileRef = option(
        "", f"file to export, also weights as .safetensors (default: {BEST} of --checkpoint-dir)", group=_MODEL
    )
    data_root: FileRef = option(
        "",
        "records that it learnt from, whose meta.json tells how mouths are cropped (default: as config.yaml says)",
        group=_MODEL,
        metavar="ROOT",
    )
    mouth_profile: str = option("", "how mouths are cropped, where no meta.json tells it", group=_MODEL)

    def __post_init__(self) -> None:
        if not self.bundle:
            raise ValueError("say where to: --bundle FOLDER")

    @property
    def file(self) -> str:
        """What is exported."""
        return self.checkpoint or f"{self.checkpoint_dir.rstrip('/')}/{BEST}"
