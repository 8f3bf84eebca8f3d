"""What the lipsfiles stage is: frames, and where these are of faces landmarks, in; grey mouths in a record out."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from services.base.stage.spec import ByName, Fingerprint, StageSpec
from services.geometry.mouth_window import PROFILES, profile_named
from services.records.judging import POLICY_HELP, QualityPolicy

Source = Literal["face", "processed"]

# Protobuf's limit on a message is 2 GiB; the small features and the framing fit in the rest.
_MAX_FRAMES_BYTES = (1 << 31) - (1 << 20)


@dataclass(frozen=True)
class LipsFilesConfig:
    """Raises ValueError for a value that no record can be made with.

    target_fps: what decode was told; here it is only written down.
    """

    source: Source = field(
        default="face",
        metadata={"help": "what videos show: face, from which mouths are cut; processed, mouths already"},
    )
    profile: str = field(default="aligned-face", metadata={"help": f"mouth window: {' or '.join(PROFILES)}"})
    max_frames: int = field(default=3000, metadata={"help": "of a clip; a longer one is refused"})
    target_fps: float = field(default=25.0, metadata={"help": "frames a second of the record"})
    quality_policy: QualityPolicy = field(
        default="flag",
        metadata={"help": POLICY_HELP},
    )

    def __post_init__(self) -> None:
        profile = profile_named(self.profile)
        if self.source not in get_args(Source):
            raise ValueError(f"source must be one of {', '.join(get_args(Source))}, not {self.source!r}")
        if self.quality_policy not in get_args(QualityPolicy):
            raise ValueError(f"quality_policy must be one of {get_args(QualityPolicy)}, not {self.quality_policy!r}")
        if self.max_frames < 1 or not 0 < self.target_fps <= 1000:
            raise ValueError(
                f"max_frames {self.max_frames} must be 1 or more, and target_fps {self.target_fps} over 0 and at most "
                "1000"
            )
        num_bytes = self.max_frames * profile.width_px * profile.height_px
        if num_bytes > _MAX_FRAMES_BYTES:
            raise ValueError(
                f"max_frames {self.max_frames} makes records of {num_bytes} bytes, over an Example's 2 GiB: lower it"
            )


def key_config(config: LipsFilesConfig) -> dict[str, Any]:
    """What of the config decides the bytes: all of it, and the profile's own numbers."""
    return {**dataclasses.asdict(config), "profile": dataclasses.asdict(profile_named(config.profile))}


def fingerprint(config: LipsFilesConfig) -> Fingerprint:
    """What of the config decides bytes."""
    return Fingerprint(key_config(config))


SPEC = StageSpec(
    "lipsfiles",
    1,
    LipsFilesConfig,
    reads=("frames", "landmarks"),
    writes=("lips_record",),
    libraries=("numpy", "opencv-contrib-python", "google-crc32c", "pyarrow"),
    fingerprint=fingerprint,
    opens=ByName("services.records.lips.stage:open_stage"),
    writer=ByName("services.records.lips.writer:open_writer"),
)
