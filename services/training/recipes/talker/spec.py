"""Settings of any training on persons' folders. Inert: flags are made from it without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.base.stage.fields import FileRef, option
from services.lips.talker_input import CROP_PX, AsrChoice
from services.training.data.talker.names import names_of
from services.training.spec import FREE, TrainSettings

DATA, MODEL, TRAINING = "data set", "training", "training"

Resolution = Literal["328", "160"]


@dataclass(frozen=True)
class TalkerTrainSettings(TrainSettings):
    """Raises ValueError for what cannot be."""

    data_root: FileRef = option(
        "dataset", "folder that holds the persons' folders, as `visemill run talker` makes them", group=DATA,
        metavar="ROOT",
    )  # fmt: skip
    names: str = option(
        "", "persons to learn from, by the names of their folders; may be repeated (default: all)", group=DATA,
        metavar="NAME", aliases=("--name",), several=True,
    )  # fmt: skip
    asr: AsrChoice = option(
        "", "features of the sound (default: hubert where all persons have it, else the one that they have)", group=DATA
    )
    num_epochs: int = option(100, "times that each frame is learnt from", group=TRAINING, aliases=("--epochs",))
    warm_up_share: float = option(0.03, "of the training, in which the learning rate grows", group=TRAINING)
    average_last_n: int = option(0, "epochs whose weights are averaged in the end; 0: none", group=TRAINING)
    script_files: bool = option(
        False, "write weights, log and curve as the original's scripts name them, too", group=TRAINING
    )
    resolution: Resolution = option("328", "side of the crops", group=MODEL, unit="px")
    width: float = option(1.0, "factor on the network's channels; 1 is the document's", group=MODEL)

    def __post_init__(self) -> None:
        super().__post_init__()
        names_of(self.names)
        if not 0 < self.width <= 1:
            raise ValueError(f"width is {self.width}: give more than 0, and at most 1")
        self._check_shares("warm_up_share")

    def _check_shares(self, *names: str) -> None:
        for name in names:
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: give 0 or more, and less than 1")

    @property
    def crop_px(self) -> int:
        """Side of the crops that are kept: faces are cut from within."""
        return CROP_PX[self.resolution]

    @property
    def chosen_names(self) -> tuple[str, ...]:
        return names_of(self.names)


FREE_SETTINGS = FREE | {"data_root", "script_files"}
"""That decide nothing of what is learnt."""


@dataclass(frozen=True)
class HeadTrainSettings(TalkerTrainSettings):
    """Of what paints persons, and so needs their consent; a SyncNet paints nobody. Raises ValueError for what cannot
    be.
    """

    consent: FileRef = option(
        "", "statement of those who are shown, JSON or YAML, or a folder of such: who, what_for, when (docs/talker.md)",
        group=DATA,
    )  # fmt: skip
    consent_statements: str = option("", "none: what consent names is read", group=DATA, hidden=True)


HEAD_FREE_SETTINGS = FREE_SETTINGS | {"consent", "consent_statements"}
"""Likewise, of a head: a consent is kept with it, and decides nothing of what is learnt."""
