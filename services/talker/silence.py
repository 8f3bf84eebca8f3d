"""Where a sound is silent, and how much a mouth moves there. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.base.media.arrays import Float32Array, Int16Array, UInt8Array
from services.lips.talker_input import loud_frames

LEAST_S = 0.4
"""A shorter pause is part of speech: a stop may last a fifth of a second."""
_LOWER_SHARE = 0.45


def silent_frames(samples_T: Int16Array, rate_hz: int, num_frames: int, fps: float) -> npt.NDArray[np.bool_]:
    """Bool [N]: frames within LEAST_S or more without one that `loud_frames` tells."""
    return _long_ones(~loud_frames(samples_T, rate_hz, num_frames, fps), LEAST_S * fps)


def _long_ones(quiet_N: npt.NDArray[np.bool_], least: float) -> npt.NDArray[np.bool_]:
    found_N = np.zeros(len(quiet_N), np.bool_)
    for begin, end in runs_of(quiet_N):
        found_N[begin:end] = end - begin >= least
    return found_N


def runs_of(chosen_N: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, one past the last) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen_N, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def held_rows(rows_TX: Float32Array, silent_N: npt.NDArray[np.bool_]) -> Float32Array:
    """The rows with those of silent frames replaced by the one in the middle of the longest silence, so that the mouth
    stays as it is there. The rows themselves where there is none.
    """
    runs = runs_of(silent_N[: len(rows_TX)])
    if not runs:
        return rows_TX
    begin, end = max(runs, key=lambda run: run[1] - run[0])
    held_TX = rows_TX.copy()
    held_TX[: len(silent_N)][silent_N[: len(rows_TX)]] = rows_TX[(begin + end) // 2]
    return held_TX


class MouthMeter:
    """How much the lower part of painted faces changes from one frame to the next, in silence and else."""

    def __init__(self, silent_N: Sequence[bool] | npt.NDArray[np.bool_]) -> None:
        self._silent_N = np.asarray(silent_N, np.bool_)
        self._before: Float32Array | None = None
        self._sums, self._counts = {True: 0.0, False: 0.0}, {True: 0, False: 0}

    def add(self, frame: int, painted_SSC: UInt8Array) -> None:
        """The face that was painted for a frame, in order."""
        lower_HWC = painted_SSC[int(len(painted_SSC) * _LOWER_SHARE) :].astype(np.float32)
        if self._before is not None:
            is_silent = bool(self._silent_N[frame]) if frame < len(self._silent_N) else False
            self._sums[is_silent] += float(np.abs(lower_HWC - self._before).mean())
            self._counts[is_silent] += 1
        self._before = lower_HWC

    @property
    def silent_share(self) -> float | None:
        """Movement in silence as a share of that in speech; None where one of them has not come."""
        if not (self._counts[True] and self._counts[False] and self._sums[False]):
            return None
        return (self._sums[True] / self._counts[True]) / (self._sums[False] / self._counts[False])
