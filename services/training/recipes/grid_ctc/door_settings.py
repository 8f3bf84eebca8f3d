"""What the entry points `test`, `stats`, `lm` and `export` may be told. Inert: flags are made from it without torch."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.stage.fields import FileRef, option
from services.lips.language_model.n_grams import MOST_ORDER
from services.lips.language_model.settings import LanguageModelSettings
from services.training.recipes.tested import BEST, STATE_DIR, TestedModel

_DATA, _MODEL = "data set", "lipreader"
_RECORDS = "TFRecords of `visemill run grid`: a folder or s3://bucket/prefix"


@dataclass(frozen=True)
class TestSettings(LanguageModelSettings, TestedModel):
    """Of a test. Raises ValueError for what cannot be."""

    data_root: FileRef = option("", _RECORDS, group=_DATA, metavar="ROOT")
    allow_leak: bool = option(False, "test although clips stand in two splits", group=_DATA)
    max_bad_records: int = option(0, "records that cannot be read before nothing is tested", group=_DATA)
    beam_width: int = option(20, "prefixes that are kept; 1: the likeliest class at each step", group=_MODEL)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.data_root:
            raise ValueError("say where the records are: --data-root ROOT, the output of `visemill run grid`")
        if self.beam_width < 1 or self.max_bad_records < 0:
            raise ValueError(
                f"beam_width {self.beam_width} is 1 or more, max_bad_records {self.max_bad_records} 0 or more"
            )
        self.check_lm(self.beam_width)


@dataclass(frozen=True)
class InferSettings(LanguageModelSettings):
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
        self.check_lm(self.beam_width)


@dataclass(frozen=True)
class StatsSettings:
    """Of a look at a data set. Raises ValueError for what cannot be."""

    data_root: FileRef = option("", _RECORDS, group=_DATA, metavar="ROOT")
    val_share: float = option(
        0.1, "of each speaker's training clips, to validate on where there is no val split", group=_DATA
    )
    seed: int = option(1, "what these are drawn from", group=_DATA)
    state_root: FileRef = option(
        "", "where the index of the records is kept (default: .visemill below the records)", group=_DATA, metavar="ROOT"
    )

    def __post_init__(self) -> None:
        if not self.data_root:
            raise ValueError("say where the records are: --data-root ROOT, the output of `visemill run grid`")
        if not 0 <= self.val_share < 1:
            raise ValueError(f"val_share is {self.val_share}: give a share from 0 to below 1")

    @property
    def index_root(self) -> str:
        return self.state_root or f"{self.data_root.rstrip('/')}/{STATE_DIR}"


@dataclass(frozen=True)
class EstimateSettings:
    """Of counting a language model. Raises ValueError for what cannot be."""

    output: FileRef = option("", "ARPA file to write, or its s3:// URI", group="output")
    order: int = option(6, "characters of the longest n-gram", group="output")
    data_root: FileRef = option("", f"{_RECORDS}, of whose training clips the texts are", group=_DATA, metavar="ROOT")
    text: FileRef = option("", "text file in UTF-8, a sentence a line, in place of records or beside them", group=_DATA)
    val_share: float = option(
        0.1, "of each speaker's training clips, that are validated on where there is no val split", group=_DATA
    )
    seed: int = option(1, "what these are drawn from: as of the training", group=_DATA)
    state_root: FileRef = option(
        "", "where the index of the records is kept (default: .visemill below the records)", group=_DATA, metavar="ROOT"
    )

    def __post_init__(self) -> None:
        if not self.output:
            raise ValueError("say where to: --output FILE, such as lm.arpa")
        if not (self.data_root or self.text):
            raise ValueError("say what to count: --data-root ROOT, the output of `visemill run grid`, or --text FILE")
        if not 1 <= self.order <= MOST_ORDER:
            raise ValueError(f"order is {self.order}: give 1 to {MOST_ORDER}")
        if not 0 <= self.val_share < 1:
            raise ValueError(f"val_share is {self.val_share}: give a share from 0 to below 1")

    @property
    def index_root(self) -> str:
        return self.state_root or f"{self.data_root.rstrip('/')}/{STATE_DIR}"


@dataclass(frozen=True)
class ExportSettings:
    """Of an export. Raises ValueError for what cannot be."""

    bundle: str = option("", "folder to write, which is not there yet", group="output", metavar="FOLDER")
    onnx: str = option("", "file to write the network alone to, which is not there yet", group="output", metavar="FILE")
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
        if not (self.bundle or self.onnx):
            raise ValueError("say where to: --bundle FOLDER, or --onnx FILE for the network alone")

    @property
    def file(self) -> str:
        """What is exported."""
        return self.checkpoint or f"{self.checkpoint_dir.rstrip('/')}/{BEST}"
