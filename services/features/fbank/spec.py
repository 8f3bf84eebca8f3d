"""What the filterbank stage is: it has no settings, its numbers are those that w2v-BERT was trained with. Inert."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.media.audio import SoundFacts
from services.base.media.features import FilterbankFrames
from services.base.stage.spec import ByName, StageSpec

_UNREADABLE = (
    "EMPTY_FILE",
    "OPEN_FAILED",
    "UNSUPPORTED_CODEC",
    "UNSUPPORTED_RATE",
    "TOO_MANY_CHANNELS",
    "RATE_CHANGED",
    "CHANNELS_CHANGED",
    "NO_SAMPLES",
)


@dataclass(frozen=True)
class FbankConfig:
    """Settings of the stage: none."""


SPEC = StageSpec(
    "fbank",
    1,
    FbankConfig,
    reads=("waveform",),
    writes=("filterbank", "sound"),
    libraries=("numpy",),
    opens=ByName("services.features.fbank.stage:open_stage"),
    artifacts={"filterbank": FilterbankFrames, "sound": SoundFacts},
    media_reasons={**dict.fromkeys(_UNREADABLE, "AUDIO_UNREADABLE"), "NO_AUDIO_STREAM": "NO_AUDIO"},
)
