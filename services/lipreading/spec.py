"""What the lipreading stage is: frames and landmarks in, a transcript out. Inert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.base.stage.fields import FileRef, option
from services.base.stage.spec import ByName, Fingerprint, StageSpec
from services.lips.transcript import Transcript


@dataclass(frozen=True)
class LipreadingConfig:
    """Settings of the stage. Raises ValueError for what cannot be."""

    bundle: FileRef = option("", "folder that `visemill export` wrote", group="lipreader", metavar="FOLDER")
    beam_width: int = option(20, "prefixes that are kept; 1: the likeliest class at each step", group="lipreader")
    cropped: bool = option(
        False, "frames are mouths already, and of the bundle's size: they are taken as they are", group="lipreader"
    )
    max_frames: int = option(
        3000, "of a clip at the bundle's rate; a longer one is refused", group="lipreader", unit="frames"
    )

    def __post_init__(self) -> None:
        if self.beam_width < 1 or self.max_frames < 1:
            raise ValueError(f"beam_width {self.beam_width} and max_frames {self.max_frames} are 1 or more")


def fingerprint(config: LipreadingConfig) -> Fingerprint:
    """All but where the bundle lies, whose digests are in `models_of`."""
    decides: dict[str, Any] = {"beam_width": config.beam_width, "cropped": config.cropped}
    return Fingerprint(decides | {"max_frames": config.max_frames})


SPEC = StageSpec(
    name="lipreading",
    version=1,
    config=LipreadingConfig,
    reads=("frames", "landmarks"),
    writes=("lip_text",),
    artifacts={"lip_text": Transcript},
    libraries=("numpy", "onnxruntime", "opencv-contrib-python"),
    fingerprint=fingerprint,
    models=ByName("services.lipreading.bundle_files:models_of"),
    opens=ByName("services.lipreading.stage:open_stage"),
    rpc=ByName("services.lipreading.rpc"),
)
