"""Sound and its windows while they come: as long as whole pictures, and around each of them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from services.base.media.arrays import Float32Array, Int16Array
from services.lips.talker_input import HALF_ROWS


class WholePictures:
    """Iterates over the samples, cut or filled up with silence to as many pictures as fit best, one at least: what the
    stage `voice` makes of the whole sound. Half a picture of them is held back. num_pictures: known at the end.
    """

    def __init__(self, sound: Iterable[Int16Array], rate_hz: int, fps: float) -> None:
        self._sound, self._rate_hz, self._fps = sound, rate_hz, fps
        self.num_pictures = 0

    def __iter__(self) -> Iterator[Int16Array]:
        held_T = np.zeros(0, np.int16)
        num_given, most_held = 0, round(self._rate_hz / self._fps / 2) + 1
        for samples_T in self._sound:
            held_T = np.concatenate([held_T, samples_T])
            if len(held_T) > most_held:
                yield held_T[:-most_held]
                num_given += len(held_T) - most_held
                held_T = held_T[-most_held:]
        self.num_pictures = max(1, round((num_given + len(held_T)) * self._fps / self._rate_hz))
        left = round(self.num_pictures * self._rate_hz / self._fps) - num_given
        yield np.pad(held_T[:left], (0, max(0, left - len(held_T))))


def windows_around(rows: Iterable[Float32Array], num_pictures: Callable[[], int]) -> Iterator[Float32Array]:
    """float32 [16, ...] for each picture: rows i - 8 to i + 7, zeros where there are none.

    rows: float32 [N_i, ...] in pieces. num_pictures: asked once the rows have ended.
    """
    held_RX: Float32Array | None = None
    num_given = 0
    for piece_NX in rows:
        if held_RX is None:
            held_RX = np.zeros((HALF_ROWS, *piece_NX.shape[1:]), np.float32)
        held_RX = np.concatenate([held_RX, piece_NX])
        while len(held_RX) >= 2 * HALF_ROWS:
            yield held_RX[: 2 * HALF_ROWS]
            held_RX, num_given = held_RX[1:], num_given + 1
    if held_RX is None:
        return
    for _ in range(num_pictures() - num_given):
        missing = max(0, 2 * HALF_ROWS - len(held_RX))
        held_RX = np.concatenate([held_RX, np.zeros((missing, *held_RX.shape[1:]), np.float32)])
        yield held_RX[: 2 * HALF_ROWS]
        held_RX = held_RX[1:]
