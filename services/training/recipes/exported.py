"""What the export of a lipreader, and reading a clip with one, may be told. Inert: it loads no torch."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.stage.fields import FileRef, option
from services.lips.language_model.settings import LanguageModelSettings
from services.training.recipes.tested import BEST

_DATA, _MODEL = "data set", "lipreader"


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
