"""What the spectrum stage is: the waveform of a clip in, statistics of its spectrum out, in one file or among many."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.base.stage.spec import ByName, StageSpec


@dataclass(frozen=True)
class SpectrumConfig:
    """Raises ValueError for a window that has no spectrum."""

    window_samples: int = field(default=512, metadata={"help": "samples in a window"})
    # Not read by what is computed: a clip of this name waits while the file is there, so that a test can kill it.
    hold: str = field(default="", metadata={"help": "NAME=FILE"})
    tree: bool = field(default=False, metadata={"help": "a folder of files a clip, its windows among them"})

    def __post_init__(self) -> None:
        if self.window_samples < 2:
            raise ValueError(f"window_samples must be 2 or more, not {self.window_samples}")


SPEC = StageSpec(
    "spectrum",
    1,
    SpectrumConfig,
    reads=("waveform",),
    writes=("spectrum",),
    libraries=("numpy",),
    opens=ByName("tones.stage:open_stage"),
    writer=ByName("tones.writer:open_writer"),
)
