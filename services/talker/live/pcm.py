"""PCM in pieces to samples at 16 kHz, within limits. Pure but for the resampler's state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array, Int16Array
from services.containers.audio.config import MAX_RATE_HZ, MIN_RATE_HZ
from services.containers.audio.samples import resampled

RATE_HZ = 16_000
_FULL_SCALE = 32_768


class PcmSound:
    """Iterates over int16 samples at 16 kHz, of int16 little-endian bytes of one channel in pieces of any size.

    At 16 kHz they are those that come, as they come; at another rate soxr is given blocks of 8,192, and its delay
    comes on top. num_samples: given out so far. Raises BadInput BAD_SETTING for a rate that nobody records at.
    """

    def __init__(self, pieces: Iterable[bytes], rate_hz: int, most_s: float) -> None:
        if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            raise BadInput(
                "BAD_SETTING",
                f"sample_rate_hz is {rate_hz}: give the rate of the samples, {MIN_RATE_HZ} to {MAX_RATE_HZ}, or 0 for "
                f"{RATE_HZ}",
            )
        self._pieces, self._rate_hz, self._most_s = pieces, rate_hz, most_s
        self.num_samples = 0

    def __iter__(self) -> Iterator[Int16Array]:
        """Raises BadInput TOO_LONG, BAD_MESSAGE where half a sample is left, NO_SAMPLES."""
        samples = self._samples() if self._rate_hz == RATE_HZ else self._resampled()
        for samples_T in samples:
            self.num_samples += len(samples_T)
            yield samples_T
        if not self.num_samples:
            raise BadInput("NO_SAMPLES", "not one sample came: send the sound, int16 little-endian")

    def _samples(self) -> Iterator[Int16Array]:
        left, num_samples = b"", 0
        for piece in self._pieces:
            data = left + piece
            whole = len(data) // 2
            left = data[2 * whole :]
            num_samples += whole
            if num_samples > self._most_s * self._rate_hz:
                raise BadInput(
                    "TOO_LONG",
                    f"more than {self._most_s:g} s of sound have come, which is the most here (--max-sound-s): speak "
                    "it in parts",
                )
            samples_T = np.frombuffer(data, "<i2", whole).astype(np.int16, copy=False)
            # A caller may send a quarter of an hour in one message; what follows works on a second at a time.
            for first in range(0, whole, self._rate_hz):
                yield samples_T[first : first + self._rate_hz]
        if left:
            raise BadInput("BAD_MESSAGE", "the sound ends in the middle of a sample: send int16, two bytes each")

    def _resampled(self) -> Iterator[Int16Array]:
        blocks: Iterator[Float32Array] = (
            (samples_T / np.float32(_FULL_SCALE)).astype(np.float32)[:, None] for samples_T in self._samples()
        )
        for made_T1 in resampled(blocks, self._rate_hz, RATE_HZ):
            yield np.clip(np.rint(made_T1[:, 0] * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
