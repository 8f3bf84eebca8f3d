"""What the records stage is: frames, landmarks and an alignment in, one serialized tf.train.Example out."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, get_args

from services.base.stage.spec import ByName, Fingerprint, StageSpec
from services.geometry.mouth_window import CHANNELS, PROFILES, profile_named
from services.records.judging import POLICY_HELP, QualityPolicy

SPLITS = ("train", "val", "test")

# Protobuf's limit on a message is 2 GiB; the small features and the framing fit in the rest.
_MAX_FRAMES_BYTES = (1 << 31) - (1 << 20)


@dataclass(frozen=True)
class RecordsConfig:
    """Raises ValueError for a value that no record can be made with."""

    profile: str = field(default="fixed-scale", metadata={"help": f"mouth window: {' or '.join(PROFILES)}"})
    max_frames: int = field(
        default=75, metadata={"help": "frames in a record: longer clips are cut, shorter ones padded"}
    )
    max_text_len: int = field(default=32, metadata={"help": "label slots in a record"})
    quality_policy: QualityPolicy = field(
        default="flag",
        metadata={"help": POLICY_HELP},
    )

    def __post_init__(self) -> None:
        profile = profile_named(self.profile)
        if self.max_frames < 1 or self.max_text_len < 1:
            raise ValueError(
                f"max_frames and max_text_len must be 1 or more, not {self.max_frames}, {self.max_text_len}"
            )
        num_bytes = self.max_frames * profile.width_px * profile.height_px * CHANNELS
        if num_bytes > _MAX_FRAMES_BYTES:
            raise ValueError(
                f"max_frames {self.max_frames} makes records of {num_bytes} bytes, over an Example's 2 GiB: lower it"
            )
        if self.quality_policy not in get_args(QualityPolicy):
            raise ValueError(f"quality_policy must be one of {get_args(QualityPolicy)}, not {self.quality_policy!r}")


def key_config(config: RecordsConfig) -> dict[str, Any]:
    """What of the config decides the bytes: all of it, and the profile's own numbers."""
    return {**dataclasses.asdict(config), "profile": dataclasses.asdict(profile_named(config.profile))}


def fingerprint(config: RecordsConfig) -> Fingerprint:
    """What of the config decides bytes."""
    return Fingerprint(key_config(config))


SPEC = StageSpec(
    "records",
    3,
    RecordsConfig,
    reads=("frames", "landmarks", "align"),
    writes=("record",),
    # pyarrow: of words.parquet.
    libraries=("numpy", "opencv-contrib-python", "google-crc32c", "pyarrow"),
    fingerprint=fingerprint,
    opens=ByName("services.records.grid.stage:open_stage"),
    writer=ByName("services.records.grid.writer:open_writer"),
)
