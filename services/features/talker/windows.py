"""Which rows of the mel spectrogram each row of features is made of. Pure.

Row k of the features stands for the time (k - 1) / fps: the first and the last window count twice. That is the layout
of SyncTalk_2D's `aud_ave.npy`, whose 25 frames a second are any here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import numpy as np

from services.base.media.arrays import Float32Array
from services.features.talker.mel import NUM_BINS, ROWS_PER_S

WINDOW_ROWS = 16
# What a window of the model `mel` is averaged to.
MEL_BANDS = 32


def num_windows(num_mel_rows: int, fps: float) -> int:
    """Windows of a spectrogram of 16 rows or more, by SyncTalk_2D's count: those for whole frames before the last
    whole window, and two more.

    With `with_ends`, at 25 frames a second they are one fewer than the frames of whole seconds of sound.
    """
    return int((num_mel_rows - WINDOW_ROWS) / ROWS_PER_S * fps) + 2


def mel_windows(pieces: Iterable[Float32Array], fps: float) -> Iterator[Float32Array]:
    """float32 [N_i, 80, 16] of consecutive windows, each as soon as its rows are there; `num_windows` in all. One
    begins at its frame's time, or where the last whole one does.

    pieces: float32 [T_i, 80], 16 rows or more in all. fps: at most 80.
    """
    counted = _Counted(pieces)
    num_made = 0
    for windows_NTB in sliding(counted, _begins(fps), WINDOW_ROWS):
        num_made += len(windows_NTB)
        yield np.ascontiguousarray(windows_NTB.transpose(0, 2, 1))
    # The last ones begin where the last whole one does.
    if num_left := num_windows(counted.num_rows, fps) - num_made:
        yield np.repeat(np.ascontiguousarray(counted.last_TB(WINDOW_ROWS).T)[None], num_left, axis=0)


def _begins(fps: float) -> Iterator[int]:
    return (int(ROWS_PER_S * (window / fps)) for window in itertools.count())


class _Counted:
    """Rows on their way: how many have passed, and the last ones."""

    def __init__(self, pieces: Iterable[Float32Array]) -> None:
        self._pieces = pieces
        self._last_TB = np.zeros((0, NUM_BINS), np.float32)
        self.num_rows = 0

    def __iter__(self) -> Iterator[Float32Array]:
        for piece_TB in self._pieces:
            self.num_rows += len(piece_TB)
            self._last_TB = np.concatenate([self._last_TB, piece_TB[-WINDOW_ROWS:]])[-WINDOW_ROWS:]
            yield piece_TB

    def last_TB(self, num: int) -> Float32Array:
        return self._last_TB[-num:]


def sliding(pieces: Iterable[Float32Array], begins: Iterable[int], length: int) -> Iterator[Float32Array]:
    """float32 [N_i, length, C] of rows that come in pieces [T_i, C]; what lies behind is let go of.

    begins: the first row of each window, none below the one before. Windows that reach beyond the rows are left out.
    """
    following = iter(begins)
    begin = next(following, None)
    held_TC: Float32Array | None = None
    held_from = 0
    for piece_TC in pieces:
        held_TC = piece_TC if held_TC is None else np.concatenate([held_TC, piece_TC])
        ready: list[Float32Array] = []
        while begin is not None and begin - held_from + length <= len(held_TC):
            ready.append(held_TC[begin - held_from :][:length])
            begin = next(following, None)
        if ready:
            yield np.stack(ready)
        if begin is None:
            return
        done = min(begin - held_from, len(held_TC))
        held_TC, held_from = held_TC[done:], held_from + done


def averaged(windows_NBT: Float32Array) -> Float32Array:
    """float32 [N, 512] of windows [N, 80, 16]: the 80 bins averaged to 32 bands of two and a half, [16, 32] each."""
    bands_NBT = np.matmul(_bands(), windows_NBT.astype(np.float64))
    return bands_NBT.transpose(0, 2, 1).reshape(len(windows_NBT), -1).astype(np.float32)


def _bands() -> np.ndarray:
    """[32, 80]: the share of each bin in each band, by the length that they have in common."""
    width = NUM_BINS / MEL_BANDS
    band, of_bin = np.arange(MEL_BANDS)[:, None], np.arange(NUM_BINS)[None]
    common = np.minimum((band + 1) * width, of_bin + 1) - np.maximum(band * width, of_bin)
    return np.maximum(0, common) / width


def with_ends(pieces: Iterable[Float32Array]) -> Iterator[Float32Array]:
    """The rows [N_i, ...], with the first and the last one of all twice. No piece is empty."""
    last_1X: Float32Array | None = None
    for piece_NX in pieces:
        yield piece_NX if last_1X is not None else np.concatenate([piece_NX[:1], piece_NX])
        last_1X = piece_NX[-1:]
    if last_1X is not None:
        yield last_1X
