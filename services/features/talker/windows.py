"""Which rows of the mel spectrogram each row of features is made of. Pure.

Row k of the features stands for the time (k - 1) / fps: the first and the last window count twice. That is the layout
of SyncTalk_2D's `aud_ave.npy`, whose 25 frames a second are any here.
"""

from __future__ import annotations

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


def first_row(window: int, num_mel_rows: int, fps: float) -> int:
    """Where a window begins: at its frame's time, or where the last whole one does."""
    return min(int(ROWS_PER_S * (window / fps)), num_mel_rows - WINDOW_ROWS)


def mel_windows(pieces: Iterable[Float32Array], num_mel_rows: int, fps: float) -> Iterator[Float32Array]:
    """float32 [N_i, 80, 16] of consecutive windows, `num_windows` in all.

    pieces: float32 [T_i, 80], num_mel_rows in all, 16 or more.
    """
    begins = (first_row(window, num_mel_rows, fps) for window in range(num_windows(num_mel_rows, fps)))
    for windows_NTB in sliding(pieces, begins, WINDOW_ROWS):
        yield np.ascontiguousarray(windows_NTB.transpose(0, 2, 1))


def sliding(pieces: Iterable[Float32Array], begins: Iterable[int], length: int) -> Iterator[Float32Array]:
    """float32 [N_i, length, C] of rows that come in pieces [T_i, C]; what lies behind is let go of.

    begins: the first row of each window, none below the one before, each window within the rows.
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


def with_ends(vectors_NX: Float32Array) -> Float32Array:
    """The rows with the first and the last one twice."""
    return np.concatenate([vectors_NX[:1], vectors_NX, vectors_NX[-1:]])
