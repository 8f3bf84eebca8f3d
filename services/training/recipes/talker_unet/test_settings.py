"""What `test` of a head may be told. Inert: flags are made from it without torch."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.stage.fields import FileRef, option
from services.training.recipes.talker.command_settings import TalkerTestSettings

JUDGES = "networks that judge"


@dataclass(frozen=True)
class HeadTestSettings(TalkerTestSettings):
    """Of `test`: a head, and what says how good its faces are."""

    landmark_model: FileRef = option(
        "", "ONNX file of PFLD, which finds lips in painted and in real faces (default: they are not compared)",
        group=JUDGES,
    )  # fmt: skip
    inception_model: FileRef = option(
        "", "ONNX file of InceptionV3, by which FID of painted faces is computed (default: it is not)", group=JUDGES
    )
    syncnet_checkpoint: FileRef = option(
        "", "file of a SyncNet that is asked how well painted faces fit the sound (default: none is)", group=JUDGES
    )
