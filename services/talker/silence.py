"""Where a sound is silent, and how much a mouth moves there. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.base.media.arrays import Float32Array, Int16Array, UInt8Array
from services.lips.talker_input import loud_frames

LEAST_S = 0.4
"""A shorter pause is part of speech: a stop may last a fifth of a second."""
_LOWER_SHARE = 0.45
MOST_COMPARED = 24
"""Frames of silence, and as many of speech, whose faces are painted twice."""


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
    """How much a sound moves the lower part of painted faces from one frame to the next, in silence and else.

    A face that is painted for its own sound is compared with the same face painted for the sound of the frame before:
    two frames of a film would differ by how the head moves, too.
    """

    def __init__(self, silent_N: npt.NDArray[np.bool_]) -> None:
        """silent_N: bool, of each frame."""
        later = np.arange(1, len(silent_N))
        self._of = {
            is_silent: _spread(later[(silent_N[1:] == is_silent) & (silent_N[:-1] == is_silent)], MOST_COMPARED)
            for is_silent in (True, False)
        }
        self._moved: dict[bool, list[float]] = {True: [], False: []}

    @property
    def frames(self) -> frozenset[int]:
        """That are compared, at even distances; none, where there are none of one kind."""
        both = (self._of[True], self._of[False])
        return frozenset().union(*both) if all(both) else frozenset()

    def add(self, frame: int, painted_SSC: UInt8Array, as_before_SSC: UInt8Array) -> None:
        """One of `frames`: its face, uint8, for its own sound and for that of the frame before."""
        top = int(len(painted_SSC) * _LOWER_SHARE)
        away_HWC = painted_SSC[top:].astype(np.int16) - as_before_SSC[top:]
        self._moved[frame in self._of[True]].append(float(np.abs(away_HWC).mean()))

    @property
    def silent_share(self) -> float | None:
        """Movement in silence as a share of that in speech; None where one of them was not compared."""
        silent, spoken = self._moved[True], self._moved[False]
        if not (silent and spoken and sum(spoken)):
            return None
        return (sum(silent) / len(silent)) / (sum(spoken) / len(spoken))


def _spread(among: npt.NDArray[np.int_], most: int) -> frozenset[int]:
    places = np.linspace(0, len(among) - 1, min(most, len(among))).round().astype(int)
    return frozenset(among[places].tolist())
