"""The log mel spectrogram that heads driven by `ave` are trained on, 80 rows a second of 80 bins. Pure, numpy alone.

Pre-emphasis 0.97; magnitudes of a short-time Fourier transform of 800 samples (Hann, periodic) every 200, centred, with
silence before and behind the sound; 80 triangular filters from 55 to 7600 Hz on Slaney's scale, each of unit area;
20 log10, 20 dB lower, -100..0 dB stretched to -4..4 and clipped. These are the settings of Wav2Lip
(https://github.com/Rudrabha/Wav2Lip, hparams.py); the filters are those of Slaney's Auditory Toolbox
(https://engineering.purdue.edu/~malcolm/interval/1998-010/).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

import numpy as np

from services.base.media.arrays import Float32Array, Float64Array, Int16Array

RATE_HZ = 16_000
NUM_BINS = 80
ROWS_PER_S = 80
_WINDOW, _HOP = 800, 200
_LOWEST_HZ, _HIGHEST_HZ = 55.0, 7600.0
_PREEMPHASIS = 0.97
_FLOOR = 1e-5
_REFERENCE_DB, _LOWEST_DB, _MOST = 20.0, -100.0, 4.0
# 20 s at once: 20 MB of spectra, however long the sound is.
_PIECE_SAMPLES = 20 * RATE_HZ
_HALF = _WINDOW // 2


def num_rows(num_samples: int) -> int:
    """Rows of a sound of so many samples."""
    return 1 + num_samples // _HOP


def least_samples(num_rows: int) -> int:
    """Samples of the shortest sound that has so many rows."""
    return (num_rows - 1) * _HOP


def mel_rows(pieces: Iterable[Int16Array | Float32Array]) -> Iterator[Float32Array]:
    """float32 [T_i, 80] in -4..4, as soon as their sound is there: `num_rows` of all samples in the end.

    pieces: 16 kHz, of int16, or of float32 in -1..1; one sample at least in all. A row is computed by itself, so that
    the numbers are a function of the samples alone, to the bit. What is held is a piece, of at most 20 s.
    """
    # Behind the filter; silence before the first sample, so that row 0 has it in its middle.
    held_T = np.zeros(_HALF)
    before, num_samples, num_done = 0.0, 0, 0
    for piece_T in _bounded(pieces):
        sound_T = piece_T.astype(np.float64)
        if piece_T.dtype == np.int16:
            sound_T /= 32_768
        held_T = np.concatenate([held_T, sound_T - _PREEMPHASIS * np.concatenate([[before], sound_T[:-1]])])
        before, num_samples = float(sound_T[-1]), num_samples + len(sound_T)
        if (num := (len(held_T) - _WINDOW) // _HOP + 1) > 0:
            yield _rows(held_T, num)
            held_T, num_done = held_T[num * _HOP :], num_done + num
    if num := num_rows(num_samples) - num_done:
        yield _rows(np.pad(held_T, (0, (num - 1) * _HOP + _WINDOW - len(held_T))), num)


def _bounded(pieces: Iterable[Int16Array | Float32Array]) -> Iterator[Int16Array | Float32Array]:
    """The same samples, at most 20 s at once, and none empty."""
    for piece_T in pieces:
        for first in range(0, len(piece_T), _PIECE_SAMPLES):
            yield piece_T[first : first + _PIECE_SAMPLES]


def _rows(sound_T: Float64Array, num: int) -> Float32Array:
    """float32 [num, 80] of the first num windows."""
    frames_RW = np.lib.stride_tricks.sliding_window_view(sound_T, _WINDOW)[::_HOP][:num]
    spectra_RF = np.abs(np.fft.rfft(frames_RW * _hann(), axis=1))
    # Row by row: a product of matrices rounds by how many rows there are.
    powers_RB = np.matmul(spectra_RF[:, None], _filters().T)[:, 0]
    decibels_RB = 20 * np.log10(np.maximum(_FLOOR, powers_RB)) - _REFERENCE_DB
    scaled_RB = 2 * _MOST * (decibels_RB - _LOWEST_DB) / -_LOWEST_DB - _MOST
    return np.clip(scaled_RB, -_MOST, _MOST).astype(np.float32)


@functools.cache
def _hann() -> Float64Array:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)


@functools.cache
def _filters() -> Float64Array:
    """[80, 401]: triangles between neighbouring points that are evenly spaced on the mel scale."""
    lowest, highest = _mel_of_hz(np.array([_LOWEST_HZ, _HIGHEST_HZ]))
    edges_hz = _hz_of_mel(np.linspace(lowest, highest, NUM_BINS + 2))
    bins_hz = np.linspace(0, RATE_HZ / 2, _WINDOW // 2 + 1)
    widths_hz = np.diff(edges_hz)
    distances = edges_hz[:, None] - bins_hz[None]
    rising, falling = -distances[:-2] / widths_hz[:-1, None], distances[2:] / widths_hz[1:, None]
    areas = 2 / (edges_hz[2:] - edges_hz[:-2])
    return np.maximum(0, np.minimum(rising, falling)) * areas[:, None]


# Linear below 1 kHz, 3 mels to 200 Hz; logarithmic above, 27 mels to a factor of 6.4.
_KNEE_HZ, _HZ_PER_MEL, _LOG_STEP = 1000.0, 200 / 3, np.log(6.4) / 27


def _mel_of_hz(hz: Float64Array) -> Float64Array:
    above = _KNEE_HZ / _HZ_PER_MEL + np.log(np.maximum(hz, _KNEE_HZ) / _KNEE_HZ) / _LOG_STEP
    return np.where(hz < _KNEE_HZ, hz / _HZ_PER_MEL, above)


def _hz_of_mel(mel: Float64Array) -> Float64Array:
    knee = _KNEE_HZ / _HZ_PER_MEL
    return np.where(mel < knee, mel * _HZ_PER_MEL, _KNEE_HZ * np.exp(_LOG_STEP * (np.maximum(mel, knee) - knee)))
