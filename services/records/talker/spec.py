"""What the talkerfiles stage is: a person's frames, landmarks, sound and its features in, the person's folder out."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from services.base.stage.spec import ByName, Fingerprint, StageSpec

FrameFormat = Literal["png", "jpg"]
Parts = Literal["all", "features"]

JPEG_QUALITY = 95
"""Of --frame-format jpg: OpenCV's own, which the original has."""


@dataclass(frozen=True)
class TalkerFilesConfig:
    """Settings of talkerfiles. Raises ValueError for a value out of range.

    fps: what decode was told; here it is only written into the facts.
    """

    fps: float = field(default=25.0, metadata={"help": "frames a second that are written"})
    frame_format: FrameFormat = field(
        default="png", metadata={"help": f"png: exact; jpg: a tenth of the space, quality {JPEG_QUALITY}"}
    )
    parts: Parts = field(
        default="all",
        metadata={"help": "all: the whole folder; features: those of the sound alone"},
    )
    smooth: bool = field(default=True, metadata={"help": "smooth the path and the size of the crop within a scene"})
    max_bridged_frames: int = field(
        default=12, metadata={"help": "longest loss of the face, in frames, that is bridged; longer ones are unusable"}
    )
    preview: bool = field(
        default=True, metadata={"help": "keep a small sheet of frames with crop and mouth drawn, for the report"}
    )

    def __post_init__(self) -> None:
        if not 0 < self.fps < math.inf:
            raise ValueError(f"fps must be above 0 and finite, not {self.fps}")
        if self.max_bridged_frames < 0:
            raise ValueError(f"max_bridged_frames must be 0 or more, not {self.max_bridged_frames}")
        for name, values in (("frame_format", FrameFormat), ("parts", Parts)):
            if getattr(self, name) not in get_args(values):
                raise ValueError(f"{name} must be one of {get_args(values)}, not {getattr(self, name)!r}")


def key_config(config: TalkerFilesConfig) -> dict[str, Any]:
    """What of the config decides the files: all but the preview, which is none of them."""
    return {name: value for name, value in dataclasses.asdict(config).items() if name != "preview"}


def fingerprint(config: TalkerFilesConfig) -> Fingerprint:
    """What of the config decides bytes. OpenCV writes JPEGs alone."""
    return Fingerprint(key_config(config))


SPEC = StageSpec(
    "talkerfiles",
    1,
    TalkerFilesConfig,
    reads=("frames", "landmarks", "aligned_sound", "audio_features"),
    writes=("talkerfile",),
    libraries=("numpy", "opencv-contrib-python"),
    fingerprint=fingerprint,
    opens=ByName("services.records.talker.stage:open_stage"),
    writer=ByName("services.records.talker.writer:open_writer"),
)
