"""Statistics of a spectrum. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def statistics(samples_T: NDArray[np.float32], rate_hz: int, window: int) -> dict[str, NDArray[np.float32]]:
    """Centroid and bandwidth in Hz, and loudness, float32 [windows] each; samples after the last full window do not
    count.
    """
    windows_NT = samples_T[: len(samples_T) // window * window].reshape(-1, window).astype(np.float64)
    power_NF = np.abs(np.fft.rfft(windows_NT * np.hanning(window))) ** 2 + 1e-12
    hz_F = np.fft.rfftfreq(window, 1 / rate_hz)
    share_NF = power_NF / power_NF.sum(1, keepdims=True)
    centroid_N = share_NF @ hz_F
    spread_N = np.sqrt((share_NF * (hz_F - centroid_N[:, None]) ** 2).sum(1))
    found = {"centroid_hz": centroid_N, "bandwidth_hz": spread_N, "rms": np.sqrt((windows_NT**2).mean(1))}
    return {name: np.round(values, 3).astype(np.float32) for name, values in found.items()}
