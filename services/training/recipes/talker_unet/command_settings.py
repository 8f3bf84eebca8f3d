"""What `test talker-unet` may be told. Inert: flags are made from it without torch."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.stage.fields import FileRef, option
from services.training.recipes.talker.command_settings import TalkerTestSettings


@dataclass(frozen=True)
class UNetTestSettings(TalkerTestSettings):
    """Of `test`: a network that paints, and perhaps one that says how well its faces fit the sound."""

    __test__ = False

    syncnet_checkpoint: FileRef = option(
        "", "file of a SyncNet that is asked how well painted faces fit the sound (default: none is)", group="training"
    )
