"""What `test` of a talking head's network may be told. Inert: flags are made from it without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.base.stage.fields import FileRef, option
from services.lips.talker_input import AsrChoice
from services.training.data.talker.names import names_of
from services.training.recipes.tested import BEST

_DATA, _MODEL = "data set", "training"


@dataclass(frozen=True)
class TalkerTestSettings:
    """Of `test`: a network, and the persons that it is tried on."""

    __test__ = False

    data_root: FileRef = option("dataset", "folder that holds the persons' folders", group=_DATA, metavar="ROOT")
    names: str = option(
        "", "persons to test on, by the names of their folders; may be repeated (default: all)", group=_DATA,
        metavar="NAME", aliases=("--name",), several=True,
    )  # fmt: skip
    whole: bool = option(
        False, "all frames of these persons, whom the training has not seen; else what it held out", group=_DATA
    )
    checkpoint_dir: FileRef = option("checkpoints", "results of a training", group=_MODEL, metavar="ROOT")
    checkpoint: FileRef = option("", f"file to test (default: {BEST} of --checkpoint-dir)", group=_MODEL)
    asr: AsrChoice = option(
        "", "features that the file follows; needed of one of the original's code, which does not say it", group=_MODEL
    )
    resolution: Literal["", "328", "160"] = option(
        "", "side of the crops that it is of (default: as it says, else 328)", group=_MODEL, unit="px"
    )
    seed: int = option(1, "what the controls and the resampling are drawn from", group=_DATA)

    @property
    def file(self) -> str:
        """What is tested."""
        return self.checkpoint or f"{self.checkpoint_dir.rstrip('/')}/{BEST}"

    @property
    def chosen_names(self) -> tuple[str, ...]:
        return names_of(self.names)
