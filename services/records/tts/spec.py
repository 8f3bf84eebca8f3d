"""What the ttsfiles stage is: text ids and speech features of a clip in, the files that trainers read out. Inert."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Literal, get_args

from services.base.stage.spec import ByName, Fingerprint, StageSpec

NUM_LATENTS = 32
"""Rows of a condition."""

NUM_CODES = 8192
"""Codes are 0 to NUM_CODES - 1."""

Storage = Literal["npy", "arrow", "both"]
QualityPolicy = Literal["flag", "quarantine"]


@dataclass(frozen=True)
class TtsFilesConfig:
    """Settings of ttsfiles. Raises ValueError for a value out of range."""

    storage: Storage = field(
        default="npy", metadata={"help": "npy: four files a clip; arrow: one Arrow file a shard; both: all of them"}
    )
    quality_policy: QualityPolicy = field(
        default="flag",
        metadata={
            "help": "flag: report what is odd; quarantine: also leave out clips that are too long for the trainer"
        },
    )
    max_text_tokens: int = field(
        default=600, metadata={"help": "text ids that the model's table of positions has room for"}
    )
    max_codes: int = field(default=1815, metadata={"help": "codes that the model's table of positions has room for"})
    duration_tolerance_s: float = field(
        default=0.25, metadata={"help": "a duration this far from the one stated differs, in seconds"}
    )
    duration_tolerance_share: float = field(
        default=0.02, metadata={"help": "the same as a share of the one stated; the wider of the two holds"}
    )
    max_clipped_share: float = field(
        default=0.001, metadata={"help": "a clip with a larger share of its samples at full scale is clipped"}
    )
    max_silent_share: float = field(
        default=0.5, metadata={"help": "a clip of which a larger share is silent is silent"}
    )

    def __post_init__(self) -> None:
        for name, values in (("storage", get_args(Storage)), ("quality_policy", get_args(QualityPolicy))):
            if getattr(self, name) not in values:
                raise ValueError(f"{name} must be one of {', '.join(values)}, not {getattr(self, name)!r}")
        for name in ("max_text_tokens", "max_codes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, not {getattr(self, name)}")
        for name in ("duration_tolerance_share", "max_clipped_share", "max_silent_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, not {getattr(self, name)}")
        if not 0 <= self.duration_tolerance_s < math.inf:
            raise ValueError(f"duration_tolerance_s must be 0 or more and finite, not {self.duration_tolerance_s}")


def fingerprint(config: TtsFilesConfig) -> Fingerprint:
    """Every setting decides files, or which clips have any; pyarrow only where there are Arrow files."""
    libraries = ("numpy",) if config.storage == "npy" else ("numpy", "pyarrow")
    return Fingerprint(dataclasses.asdict(config), libraries=libraries)


SPEC = StageSpec(
    "ttsfiles",
    1,
    TtsFilesConfig,
    reads=("text_ids", "speech_features", "sound"),
    writes=("ttsfile",),
    libraries=("numpy", "pyarrow"),
    fingerprint=fingerprint,
    opens=ByName("services.records.tts.stage:open_stage"),
    writer=ByName("services.records.tts.writer:open_writer"),
)
