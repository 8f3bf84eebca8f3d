"""What HuBERT hears of a sound, state by state: of as many states the network has as many steps. Pure, numpy alone."""

from __future__ import annotations

import numpy as np

from services.base.media.arrays import Float32Array
from services.features.networks import Array

HOP_SAMPLES, STEP_SAMPLES = 320, 400
"""From a state to the next one, and what one hears: a fifth of it the next one hears too."""

STEPS = Array("steps", "float32", ("N", "T", STEP_SAMPLES))
STATES = "states"
"""The graph's input, and what its output of a state a step is called."""


def num_states(num_samples: int) -> int:
    """Of a sound."""
    return max(0, (num_samples - (STEP_SAMPLES - HOP_SAMPLES)) // HOP_SAMPLES)


def steps_of(sound_T: Float32Array) -> Float32Array:
    """float32 [T, 400] of a sound of one state or more; what lies behind its last state is left out."""
    steps_TF = np.lib.stride_tricks.sliding_window_view(sound_T, STEP_SAMPLES)[::HOP_SAMPLES]
    return np.array(steps_TF, np.float32)
