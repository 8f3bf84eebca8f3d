"""Resampling by a windowed sinc, as speech models were trained with it. Pure: the same samples whatever their pieces.

The filter is torchaudio's default (`sinc_interp_hann`, lowpass_filter_width 6, rolloff 0.99;
https://docs.pytorch.org/audio/stable/generated/torchaudio.functional.resample.html): sample m of the output is

    y[m] = base / f * sum over n of x[n] * sinc(t) * cos(pi * t / 12) ** 2,  t = base * (n / f - m / g),  |t| < 6

where sinc(t) = sin(pi * t) / (pi * t), f and g are the two rates over their greatest common divisor, base = 0.99 *
min(f, g), and x is zero outside of the clip; N samples become ceil(N * g / f). Sums are taken in float64, tap by tap,
so that no library's blocking decides bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from services.base.media.arrays import Float32Array

_WIDTH = 6
_ROLLOFF = 0.99
# Outputs computed at once: bounds memory, never bits.
_MOST_OUTPUTS = 32_768


class SincResampler:
    """One channel, one direction: push pieces, then finish.

    Raises ValueError for a rate below 1.
    """

    def __init__(self, source_rate_hz: int, rate_hz: int) -> None:
        if min(source_rate_hz, rate_hz) < 1:
            raise ValueError(f"rates must be at least 1 Hz, not {source_rate_hz} and {rate_hz}")
        divisor = math.gcd(source_rate_hz, rate_hz)
        self._source, self._target = source_rate_hz // divisor, rate_hz // divisor
        base = _ROLLOFF * min(self._source, self._target)
        self._reach = math.ceil(_WIDTH * self._source / base)
        self._taps_KP = _taps(self._source, self._target, base, self._reach)
        # Samples before the first one are zero, so the buffer begins `reach` samples before the clip.
        self._buffer: Float32Array = np.zeros(self._reach, np.float32)
        self._buffer_start = -self._reach
        self._num_in = 0
        self._num_out = 0

    def push(self, samples_T: Float32Array) -> Iterator[Float32Array]:
        """float32 [T'] pieces of what the samples so far decide; none may be ready yet."""
        self._buffer = np.concatenate([self._buffer, samples_T])
        self._num_in += len(samples_T)
        # Output m reads up to sample floor(m * source / target) + reach + 1.
        last_start = self._num_in - self._reach - 2
        yield from self._outputs(_num_from(last_start + 1, self._source, self._target))

    def finish(self) -> Iterator[Float32Array]:
        """The rest: of N samples ceil(N * target / source) in all."""
        self._buffer = np.concatenate([self._buffer, np.zeros(self._reach + 2, np.float32)])
        yield from self._outputs(_num_from(self._num_in, self._source, self._target))

    def _outputs(self, end: int) -> Iterator[Float32Array]:
        while self._num_out < end:
            outputs = np.arange(self._num_out, min(end, self._num_out + _MOST_OUTPUTS), dtype=np.int64)
            first = outputs * self._source // self._target - self._reach - self._buffer_start
            phases = outputs % self._target
            sums = np.zeros(len(outputs), np.float64)
            for offset, taps_P in enumerate(self._taps_KP):
                sums += self._buffer[first + offset] * taps_P[phases]
            self._num_out += len(outputs)
            yield sums.astype(np.float32)
        needed = self._num_out * self._source // self._target - self._reach
        self._buffer = self._buffer[max(0, needed - self._buffer_start) :]
        self._buffer_start = max(needed, self._buffer_start)


def resampled_by_sinc(pieces: Iterable[Float32Array], source_rate_hz: int, rate_hz: int) -> Iterator[Float32Array]:
    """float32 [T, C] pieces at another rate, each channel by itself; equal rates hand the pieces on as they are."""
    if source_rate_hz == rate_hz:
        yield from pieces
        return
    channels: list[SincResampler] = []
    for piece_TC in pieces:
        channels = channels or [SincResampler(source_rate_hz, rate_hz) for _ in range(piece_TC.shape[1])]
        yield from _side_by_side([channel.push(piece_TC[:, c]) for c, channel in enumerate(channels)])
    yield from _side_by_side([channel.finish() for channel in channels])


def _side_by_side(channels: list[Iterator[Float32Array]]) -> Iterator[Float32Array]:
    for parts in zip(*channels, strict=True):
        yield np.stack(parts, axis=1)


def _num_from(num_samples: int, source: int, target: int) -> int:
    """How many outputs begin before that sample: the smallest m with m * source >= num_samples * target."""
    return max(0, -(-num_samples * target // source))


def _taps(source: int, target: int, base: float, reach: int) -> npt.NDArray[np.float64]:
    """float64 [2 * reach + 2, target]: the weight of each sample around an output, by the output's phase."""
    phase = np.arange(target, dtype=np.int64)
    # How far an output lies behind the sample before it, in units of the source's rate over both.
    behind = phase * source % target
    around = np.arange(-reach, reach + 2, dtype=np.float64)[:, None]
    t = np.clip((around / source - behind / (source * target)) * base, -_WIDTH, _WIDTH)
    return np.sinc(t) * np.cos(np.pi * t / (2 * _WIDTH)) ** 2 * (base / source)
