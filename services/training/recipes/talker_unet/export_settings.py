"""What the export of a head may be told. Inert: it loads no torch."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.stage.fields import FileRef, option
from services.lips.talker_input import AsrChoice
from services.training.recipes.tested import BEST

_HEAD = "head"


@dataclass(frozen=True)
class HeadExportSettings:
    """Of an export. Raises ValueError for what cannot be."""

    bundle: str = option(
        "", "folder to write, which is not there yet, or s3://bucket/prefix", group="output", metavar="FOLDER"
    )
    checkpoint_dir: FileRef = option("checkpoints", "results of a training", group=_HEAD, metavar="ROOT")
    checkpoint: FileRef = option(
        "", f"file to export, also one of the original's code (default: {BEST} of --checkpoint-dir)", group=_HEAD
    )
    asr: AsrChoice = option(
        "", "features that the head follows, of a file of the original's code, which does not say it", group=_HEAD
    )

    def __post_init__(self) -> None:
        if not self.bundle:
            raise ValueError("say where to: --bundle FOLDER")

    @property
    def file(self) -> str:
        """What is exported."""
        return self.checkpoint or f"{self.checkpoint_dir.rstrip('/')}/{BEST}"
