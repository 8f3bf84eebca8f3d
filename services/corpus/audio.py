"""The voice of the demo corpus, which is not speech: harmonics through two resonances, and some hiss.

It is quiet, and silent where nobody speaks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.base.media.arrays import Float64Array
from services.corpus.drawing.paint import noise
from services.corpus.visemes import Sound

SAMPLE_RATE_HZ = 44_100

_CONTROL_HZ = 500
_NUM_HARMONICS = 18
_LOUDNESS = 2600.0
_SMOOTHING_S = 0.012
# A clear voice: harmonics up to here, and hiss in bands, each half as wide as it is high.
_CLEAR_HZ = 4200
_CLEAR_GAIN = 3.0
_BANDS_HZ = (1700.0, 2600.0, 3600.0, 4400.0, 5200.0, 6400.0)


def voice_samples(
    sounds: Sequence[Sound], pitch_hz: float, num_samples: int, seed: str, *, clear: bool = False
) -> npt.NDArray[np.int16]:
    """Mono samples of the sounds: int16 [num_samples], at most a quarter of full scale.

    clear: sounds are told apart by more than their two resonances and loudness: whatever the pitch, both are heard,
    and each hiss has a place of its own in the spectrum.
    """
    at_s = np.arange(num_samples) / SAMPLE_RATE_HZ
    voiced, hiss, first_hz, second_hz, hiss_hz = _controls(sounds, at_s)
    pitch = pitch_hz * (1.06 - 0.05 * at_s + 0.015 * np.sin(2 * np.pi * 4.7 * at_s))
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE_HZ
    tone = np.zeros(num_samples)
    for harmonic in range(1, (round(_CLEAR_HZ / pitch_hz) if clear else _NUM_HARMONICS) + 1):
        heard_hz = pitch * harmonic
        gain = _resonance(heard_hz, first_hz, 90) + 0.5 * _resonance(heard_hz, second_hz, 140)
        tone += gain / np.sqrt(harmonic) * np.sin(harmonic * phase)
    breath = np.diff(noise(f"breath:{seed}", (num_samples + 1,)).astype(np.float64))
    if clear:
        breath = _CLEAR_GAIN * _in_bands(breath, hiss_hz)
        tone *= _CLEAR_GAIN
    wave = _LOUDNESS * (0.55 * voiced * tone + 0.22 * hiss * breath)
    return np.clip(np.rint(wave), -8191, 8191).astype(np.int16)


def _resonance(heard_hz: Float64Array, center_hz: Float64Array | float, width_hz: float) -> Float64Array:
    return np.asarray(1 / (1 + ((heard_hz - center_hz) / width_hz) ** 2), np.float64)


def _in_bands(breath: Float64Array, hiss_hz: Float64Array) -> Float64Array:
    """The noise, at each time of those two of the bands that its place lies between."""
    spectrum, hz = np.fft.rfft(breath), np.linspace(0, SAMPLE_RATE_HZ / 2, len(breath) // 2 + 1, dtype=np.float64)
    out = np.zeros(len(breath))
    for index, band_hz in enumerate(_BANDS_HZ):
        only = np.eye(len(_BANDS_HZ))[index]
        share = np.interp(hiss_hz, _BANDS_HZ, only)
        out += 1.6 * share * np.fft.irfft(spectrum * _resonance(hz, band_hz, band_hz / 4), len(breath))
    return out


def _controls(
    sounds: Sequence[Sound], at_s: Float64Array
) -> tuple[Float64Array, Float64Array, Float64Array, Float64Array, Float64Array]:
    """Voicing, hiss, the two resonances and the place of the hiss in Hz at each sample."""
    coarse_s = np.arange(0, at_s[-1] + 1 / _CONTROL_HZ, 1 / _CONTROL_HZ)
    which = np.clip(np.searchsorted([s.start_s for s in sounds], coarse_s, "right") - 1, 0, len(sounds) - 1)
    steps = np.array([(s.viseme.voiced, s.viseme.hiss, *s.viseme.formants_hz, s.viseme.hiss_hz) for s in sounds])[which]
    spoken = steps[:, :2].sum(1) > 0
    num = 2 * round(_SMOOTHING_S * _CONTROL_HZ) + 1
    kernel = np.hanning(num + 2)[1:-1]
    padded = np.pad(steps, ((num // 2, num // 2), (0, 0)), mode="edge")
    smooth = np.stack([np.convolve(column, kernel / kernel.sum(), "valid") for column in padded.T], 1)
    # Smoothing must not carry sound into a silence.
    smooth[~spoken, :2] = 0
    voiced, hiss, first_hz, second_hz, hiss_hz = (np.interp(at_s, coarse_s, column) for column in smooth.T)
    return voiced, hiss, first_hz, second_hz, hiss_hz
