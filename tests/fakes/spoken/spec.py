"""What the stage is: the spectrum of a clip, and what its manifest says of it."""

from __future__ import annotations

from tones.spec import SpectrumConfig

from services.base.stage.spec import ByName, StageSpec

SPEC = StageSpec(
    "spoken",
    1,
    SpectrumConfig,
    reads=("waveform",),
    writes=("spoken",),
    libraries=("numpy",),
    opens=ByName("spoken.stage:open_stage"),
    writer=ByName("spoken.writer:open_writer"),
)
