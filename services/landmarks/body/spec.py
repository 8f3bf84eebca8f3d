"""What the keypoints stage is: its settings and its artifact. Inert: looks for no file and imports no library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from services.base.media.points import Keypoints
from services.base.stage.spec import ByName, Fingerprint, StageSpec

MAX_OUT_SIZE_PX = 2048


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class KeypointsConfig:
    """Settings of the stage. Raises ValueError for a value that cannot work."""

    out_size: int = _setting(
        256, "stretch frames to this many px square for the whole-frame models; 0 leaves them as they are"
    )
    conf_thresh: float = _setting(0.5, "least confidence to find, and to go on following, a body, a hand or a face")
    segmenter: str = _setting(
        "", "file of your own person segmenter: all but the person is blacked out; empty: nothing is"
    )
    face_landmarker: str = _setting("", "file of MediaPipe's face_landmarker.task; empty: search the model folders")
    hand_landmarker: str = _setting("", "file of MediaPipe's hand_landmarker.task; empty: search the model folders")
    pose_landmarker: str = _setting(
        "", "file of MediaPipe's pose_landmarker_full.task; empty: search the model folders"
    )

    def __post_init__(self) -> None:
        if isinstance(self.out_size, bool) or not isinstance(self.out_size, int):
            raise ValueError(f"out_size {self.out_size!r} must be a whole number of pixels")
        if self.out_size != 0 and not 64 <= self.out_size <= MAX_OUT_SIZE_PX:
            raise ValueError(
                f"out_size {self.out_size} must be 64 to {MAX_OUT_SIZE_PX} px, or 0 for frames as they are"
            )
        if not 0.0 < self.conf_thresh <= 1.0:
            raise ValueError(f"conf_thresh {self.conf_thresh} must be above 0 and at most 1")


def key_config(config: KeypointsConfig) -> dict[str, Any]:
    """The settings that decide bytes: all but where files lie, whose digests are in `models.models_of`."""
    return {"out_size": config.out_size, "conf_thresh": config.conf_thresh}


def fingerprint(config: KeypointsConfig) -> Fingerprint:
    """What of the config decides bytes."""
    return Fingerprint(key_config(config))


SPEC = StageSpec(
    name="keypoints",
    version=3,
    config=KeypointsConfig,
    reads=("frames",),
    writes=("keypoints",),
    artifacts={"keypoints": Keypoints},
    libraries=("mediapipe", "opencv-contrib-python", "numpy"),
    cached=True,
    fingerprint=fingerprint,
    models=ByName("services.landmarks.body.models:models_of"),
    opens=ByName("services.landmarks.body.stage:open_stage"),
)
