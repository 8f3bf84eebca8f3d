"""What the stage is: a waveform in, the loudness of 80 bands in each hundredth of a second out."""

from dataclasses import dataclass

import numpy as np

from services.base.stage.spec import ByName, StageSpec


@dataclass(frozen=True)
class Bands:
    """levels_TC: float32 [T, 80]"""

    levels_TC: np.ndarray
    duration_s: float


@dataclass(frozen=True)
class BandsConfig:
    """None."""


SPEC = StageSpec(
    "bands",
    1,
    BandsConfig,
    reads=("waveform",),
    writes=("bands",),
    libraries=("numpy",),
    opens=ByName("voices.bands.stage:open_stage"),
    artifacts={"bands": Bands},
)
