"""What the stage of sound that lasts as long as its pictures is: its settings and its artifact. Inert."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from services.base.media.audio import AlignedSound
from services.base.stage.spec import ByName, StageSpec

RATE_HZ = 16_000
MAX_FPS = 1000.0
# Of a sound alone: what the pictures' own stage refuses keeps its reason.
_UNREADABLE = ("UNSUPPORTED_RATE", "TOO_MANY_CHANNELS", "RATE_CHANGED", "CHANNELS_CHANGED", "NO_SAMPLES")


@dataclass(frozen=True)
class SoundConfig:
    """Settings of the stage. Raises ValueError for a value that cannot work."""

    fps: float = field(default=25.0, metadata={"help": "frames a second of the pictures, as they are delivered"})

    def __post_init__(self) -> None:
        if not (math.isfinite(self.fps) and 0 < self.fps <= MAX_FPS):
            raise ValueError(f"fps must be above 0 and at most {MAX_FPS:g}, not {self.fps}")


SPEC = StageSpec(
    "sound",
    1,
    SoundConfig,
    reads=("frames", "waveform"),
    writes=("aligned_sound",),
    libraries=("numpy",),
    opens=ByName("services.audio.aligned.stage:open_stage"),
    artifacts={"aligned_sound": AlignedSound},
    media_reasons={**dict.fromkeys(_UNREADABLE, "AUDIO_UNREADABLE"), "NO_AUDIO_STREAM": "NO_AUDIO"},
)
