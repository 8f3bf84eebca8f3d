"""What every test of a model may be told, and where its results go. Inert: flags are made from it without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.base.stage.fields import FileRef, option
from services.training.spec import Device

BEST = "best_model.pt"
STATE_DIR, TESTS_DIR = ".visemill", "tests"
_DATA, _MODEL, _PRINTED = "data set", "lipreader", "output"


@dataclass(frozen=True)
class TestedModel:
    """A file of weights, the split that it reads, and what is shown of that. Raises ValueError for what cannot be."""

    __test__ = False

    split: Literal["train", "val", "test"] = option("test", "whose clips are read", group=_DATA)
    state_root: FileRef = option(
        "",
        "where the index of the data set is kept (default: .visemill beside the checkpoint)",
        group=_DATA,
        metavar="ROOT",
    )
    checkpoint_dir: FileRef = option("checkpoints", "results of a training", group=_MODEL, metavar="ROOT")
    checkpoint: FileRef = option(
        "", f"file to test, also weights as .safetensors (default: {BEST} of --checkpoint-dir)", group=_MODEL
    )
    device: Device = option("auto", "a GPU where there is one, else the CPU; cuda: refused without a GPU", group=_MODEL)
    num_examples: int = option(5, "clips whose texts are printed", group=_PRINTED)
    num_shown: int = option(6, "of the worst clips, that the page shows frames of", group=_PRINTED)
    results_root: FileRef = option(
        "",
        "where page and table go (default: tests/SPLIT beside the checkpoint)",
        group=_PRINTED,
        metavar="ROOT",
    )

    def __post_init__(self) -> None:
        if min(self.num_examples, self.num_shown) < 0:
            raise ValueError(f"num_examples {self.num_examples} and num_shown {self.num_shown} are 0 or more")

    @property
    def file(self) -> str:
        """What is tested."""
        return self.checkpoint or f"{self.checkpoint_dir.rstrip('/')}/{BEST}"

    @property
    def folder(self) -> str:
        """What the file lies in."""
        return self.file.rpartition("/")[0] or "."

    @property
    def results(self) -> str:
        """Where the page and the table go."""
        return self.results_root or f"{self.folder}/{TESTS_DIR}/{self.split}"

    @property
    def index_root(self) -> str:
        """Where the index is kept: where a training has kept it, too."""
        return self.state_root or f"{self.folder}/{STATE_DIR}"
