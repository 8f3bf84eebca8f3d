"""What the toy recipe is."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.base.stage.recipe import RecipeSpec
from services.base.stage.spec import ByName, Fingerprint


@dataclass(frozen=True)
class ToyConfig:
    """Raises ValueError for a training without steps."""

    num_steps: int = field(default=20, metadata={"help": "steps of the training"})
    checkpoint_every: int = field(default=5, metadata={"help": "steps between two checkpoints"})
    start_from: str = field(default="", metadata={"help": "gang pass whose result is the start"})
    # Not read by what is computed: ranks of the generations that the file names wait before step 13.
    hold: str = field(default="", metadata={"help": "FILE"})

    def __post_init__(self) -> None:
        if self.num_steps < 1 or self.checkpoint_every < 1:
            raise ValueError(f"{self.num_steps} steps, a checkpoint every {self.checkpoint_every}: both are 1 or more")


def decides(config: ToyConfig) -> Fingerprint:
    names = ("num_steps", "checkpoint_every", "start_from")
    return Fingerprint({name: getattr(config, name) for name in names})


RECIPE = RecipeSpec("toytrain", 1, ToyConfig, ByName("toy.recipe:train"), libraries=("numpy",), fingerprint=decides)
