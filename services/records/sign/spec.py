"""What the signfiles stage is: keypoints and features of a clip in, the npz that trainers read out."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from services.base.stage.spec import ByName, Fingerprint, StageSpec

# The files of a clip's product; its outputs have their endings.
NPZ_FILE = "clip.npz"
PARQUET_FILE = "clip.parquet"

OcclusionMethod = Literal["auto", "hand-over-head", "visibility"]


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class SignFilesConfig:
    """Settings of signfiles. Raises ValueError for a value out of range.

    sampling, target_fps, out_size: what decode and keypoints were told; here they are only written into meta.
    """

    keypoints: bool = _setting(True, "write X and mask; a clip without a visible point is refused")
    features: bool = _setting(False, "write X2048")
    parquet: bool = _setting(True, "write a parquet table of the keypoints beside each npz")
    sampling: str = _setting("grid", "how frames were chosen")
    target_fps: float = _setting(15.0, "frames a second that were aimed at")
    out_size: int = _setting(256, "side of the square that keypoints were sought in; 0: the frame as it is")
    conf_thresh: float = _setting(0.5, "a pose point counts as visible from this confidence on")
    max_gap: int = _setting(5, "longest gap, in frames, that is filled between two visible frames of a scene")
    occ_method: OcclusionMethod = field(
        default="auto",
        metadata={"help": "auto: hand-over-head, and visibility where that finds no frame; or one of the two"},
    )
    occ_vis_thresh: float = _setting(0.6, "visibility: a frame with a smaller share of visible points is occluded")
    occ_frame_prop: float = _setting(0.4, "a clip with this share of occluded frames is occluded")
    occ_min_run: int = _setting(15, "a clip with this many occluded frames in a row is occluded")
    occ_min_run_s: float = _setting(0.0, "the same in seconds, at any frame rate; 0: as occ_min_run says")
    preview: bool = _setting(True, "keep a small sheet of frames with the skeleton drawn, for the report")

    def __post_init__(self) -> None:
        if not (self.keypoints or self.features):
            raise ValueError("nothing to write: ask for keypoints, features or both")
        if self.occ_method not in get_args(OcclusionMethod):
            raise ValueError(f"occ_method must be one of {get_args(OcclusionMethod)}, not {self.occ_method!r}")
        for name in ("conf_thresh", "occ_vis_thresh", "occ_frame_prop"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, not {getattr(self, name)}")
        for name, least in (("max_gap", 0), ("occ_min_run", 1), ("out_size", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be {least} or more, not {getattr(self, name)}")
        if not 0 <= self.occ_min_run_s < math.inf:
            raise ValueError(f"occ_min_run_s must be 0 or more, not {self.occ_min_run_s}")


def key_config(config: SignFilesConfig) -> dict[str, Any]:
    """What of the config decides the files: all but the preview, which is none of them."""
    return {name: value for name, value in dataclasses.asdict(config).items() if name != "preview"}


def fingerprint(config: SignFilesConfig) -> Fingerprint:
    """What of the config decides bytes."""
    return Fingerprint(key_config(config))


SPEC = StageSpec(
    "signfiles",
    2,
    SignFilesConfig,
    reads=("frames", "keypoints", "features"),
    writes=("signfile",),
    libraries=("numpy", "pyarrow"),
    fingerprint=fingerprint,
    opens=ByName("services.records.sign.stage:open_stage"),
    writer=ByName("services.records.sign.writer:open_writer"),
)
