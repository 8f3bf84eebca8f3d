"""How much of a sound is silence. Pure."""

from __future__ import annotations

import numpy as np

from services.base.media.arrays import Float32Array

# Silence: a hundredth of a second whose RMS is below -60 dBFS.
_WINDOWS_PER_S = 100
_SILENT_RMS = 10 ** (-60 / 20)


class SilenceMeter:
    """Counts windows of 10 ms that are silent, whatever pieces the sound comes in. The last window must be whole."""

    def __init__(self, rate_hz: int) -> None:
        self._size = max(1, rate_hz // _WINDOWS_PER_S)
        self._rest: Float32Array = np.zeros(0, np.float32)
        self._num_windows = self._num_silent = 0

    def push(self, samples_T: Float32Array) -> None:
        """The next samples, float32 [T], full scale -1..1."""
        samples_T = np.concatenate([self._rest, samples_T])
        end = len(samples_T) // self._size * self._size
        windows_WS = samples_T[:end].reshape(-1, self._size)
        power_W = np.square(windows_WS, dtype=np.float64).mean(axis=1)
        self._num_windows += len(windows_WS)
        self._num_silent += int((power_W < _SILENT_RMS**2).sum())
        self._rest = samples_T[end:].copy()

    @property
    def share(self) -> float:
        """Of the windows so far, 0 to 1; 0 of none."""
        return self._num_silent / self._num_windows if self._num_windows else 0.0
