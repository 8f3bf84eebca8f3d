"""What w2v-BERT hears: log mel filterbanks of a waveform, frames stacked by two.

As SeamlessM4TFeatureExtractor of transformers computes them, to the last bit, with the numbers of
facebook/w2v-bert-2.0, preprocessor_config.json. It is written out here because transformers takes seconds to import,
in every process of a run.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array, Float64Array
from services.base.media.features import num_stacked_frames

RATE_HZ: Final = 16_000
NUM_BINS: Final = 80
STACKED: Final = 2
_FRAME, _HOP, _FFT = 400, 160, 512
# Of the samples of Kaldi, which are integers of 16 bits.
_FULL_SCALE: Final = np.float32(2**15)
_PREEMPHASIS: Final = 0.97
_MIN_HZ: Final = 20.0
_MIN_POWER: Final = 1.192092955078125e-07
_MIN_VARIANCE: Final = 1e-7
# Frames transformed at once: 2 MB of windows.
_BLOCK_FRAMES: Final = 512
# Of the voice's conditioning: its front is a 3 x 3 convolution of stride 2, and its table has 5,000 positions.
MIN_FRAMES: Final = 3
MAX_FRAMES: Final = 10_001


def num_frames(num_samples: int) -> int:
    """Stacked frames of that many samples at RATE_HZ: 49.9 a second, of whole pairs of frames alone.

    This is the true length of a clip's codes, where the original writes that of the longest clip of its batch.
    """
    return num_stacked_frames(num_samples)


def check_length(num_frames: int, name: str) -> None:
    """Raises BadInput TOO_SHORT or TOO_LONG, where there are no features of so many stacked frames."""
    if num_frames < MIN_FRAMES:
        raise BadInput(
            "TOO_SHORT", f"{name} has {num_frames} frames of 20 ms and at least {MIN_FRAMES} are needed: leave it out"
        )
    if num_frames > MAX_FRAMES:
        raise BadInput(
            "TOO_LONG", f"{name} has {num_frames} frames of 20 ms and at most {MAX_FRAMES} have positions: cut it"
        )


class Filterbank:
    """float32 [S] samples at RATE_HZ in -1..1 -> float32 [num_frames(S), 160], each bin of mean 0 and variance 1."""

    def __init__(self) -> None:
        self._window_S: Float64Array = np.power(np.hanning(_FRAME), 0.85)
        self._mel_FB = _mel_filters()

    def __call__(self, samples_S: Float32Array) -> Float32Array:
        """Raises ValueError for samples of less than one stacked frame."""
        length = num_frames(len(samples_S))
        if length < 1:
            raise ValueError(f"{len(samples_S)} samples are not two frames of {_FRAME}: give at least {_FRAME + _HOP}")
        bins_TB = self.log_bins(samples_S)
        bins_TB = (bins_TB - bins_TB.mean(0)) / np.sqrt(bins_TB.var(0, ddof=1) + _MIN_VARIANCE)
        # The last of an odd number of frames is no pair.
        features_TC: Float32Array = np.ascontiguousarray(bins_TB[: STACKED * length], np.float32).reshape(length, -1)
        return features_TC

    def log_bins(self, samples_S: Float32Array) -> Float32Array:
        """float32 [T, 80] of every whole frame, one each 10 ms: Kaldi's log mel filterbank without dither."""
        power_TF = self._power((samples_S * _FULL_SCALE).astype(np.float64))
        mel_BT = np.maximum(_MIN_POWER, np.dot(self._mel_FB.T, power_TF.T))
        return np.log(mel_BT).astype(np.float32).T

    def _power(self, samples_S: Float64Array) -> Float64Array:
        """[T, 257] of every frame, whole or not one of a pair."""
        frames_TS = np.lib.stride_tricks.sliding_window_view(samples_S, _FRAME)[::_HOP]
        spectrum_TF = np.empty((len(frames_TS), _FFT // 2 + 1), np.complex64)
        for first in range(0, len(frames_TS), _BLOCK_FRAMES):
            block_TS = frames_TS[first : first + _BLOCK_FRAMES]
            block_TS = block_TS - block_TS.mean(axis=1, keepdims=True)
            block_TS[:, 1:] -= _PREEMPHASIS * block_TS[:, :-1]
            block_TS[:, 0] *= 1 - _PREEMPHASIS
            spectrum_TF[first : first + _BLOCK_FRAMES] = np.fft.rfft(block_TS * self._window_S, _FFT)
        power_TF: Float64Array = np.abs(spectrum_TF, dtype=np.float64) ** 2.0
        return power_TF


def _mel(hz: npt.NDArray[np.floating]) -> Float64Array:
    """Kaldi's scale."""
    return 1127.0 * np.log(1.0 + hz / 700.0)


def _mel_filters() -> Float64Array:
    """[257, NUM_BINS]: triangles of the mel scale, from _MIN_HZ to half the rate."""
    low, high = _mel(np.array([_MIN_HZ, RATE_HZ / 2]))
    corners = np.linspace(low, high, NUM_BINS + 2)
    of_bin = _mel(np.arange(_FFT // 2 + 1) * np.float64(RATE_HZ / _FFT))
    widths, slopes = np.diff(corners), corners[None] - of_bin[:, None]
    filters_FB: Float64Array = np.maximum(0.0, np.minimum(-slopes[:, :-2] / widths[:-1], slopes[:, 2:] / widths[1:]))
    return filters_FB
