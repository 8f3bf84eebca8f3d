"""What the stage of a sound without pictures is. Inert."""

from __future__ import annotations

from services.audio.aligned.spec import SoundConfig
from services.base.media.audio import AlignedSound
from services.base.stage.spec import ByName, StageSpec

SPEC = StageSpec(
    "voice",
    1,
    SoundConfig,
    reads=("waveform",),
    writes=("aligned_sound",),
    libraries=("numpy",),
    opens=ByName("services.audio.voice.stage:open_stage"),
    artifacts={"aligned_sound": AlignedSound},
)
