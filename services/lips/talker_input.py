"""What networks of a talking head are given: the inside of a crop, a mask over it, and the sound around a frame. Pure.

Sizes and shapes are SyncTalk_2D's (https://github.com/ZiqiaoPeng/SyncTalk_2D; 160 px: those of
https://github.com/anliyuan/Ultralight-Digital-Human).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from services.base.media.arrays import Float32Array, Int16Array, UInt8Array

FACE_PX = {328: 320, 168: 160}
"""Side of a crop -> side of the square inside of it that networks see."""

CROP_PX = {"328": 328, "160": 168}
"""How networks are called -> side of their crops."""

INSIDE_PX = 4
"""From the border of a crop to that square."""

AsrChoice = Literal["", "ave", "hubert", "wenet", "mel"]
"""How models of the sound's features are called; empty: whichever there is."""

HALF_ROWS = 8
"""Rows of features before a frame, and from it on, that its window holds: 0.64 s at 25 rows a second."""


class SoundShape(NamedTuple):
    """Of the window of sound around a frame, as networks take it. strides: of the convolution that makes it 16 x 16."""

    channels: int
    height: int
    width: int
    strides: tuple[int, int]


SOUND_SHAPES = {
    "ave": SoundShape(32, 16, 16, (1, 1)),
    "mel": SoundShape(32, 16, 16, (1, 1)),
    "hubert": SoundShape(32, 32, 32, (2, 2)),
    "wenet": SoundShape(256, 16, 32, (1, 2)),
}
"""By the model of the features."""


class Mask(NamedTuple):
    """The rectangle that is black, px of the face."""

    top: int
    bottom: int
    left: int
    right: int


# cv2.rectangle of (5, 5, 310, 305) at 320 px, and of (5, 5, 150, 145) at 160.
MASKS = {320: Mask(5, 310, 5, 315), 160: Mask(5, 150, 5, 155)}


def face_in(crop_HWC: UInt8Array) -> UInt8Array:
    """The inside of a crop, a view: uint8 [face_px, face_px, C]. Raises KeyError for a crop of another size."""
    inside = slice(INSIDE_PX, INSIDE_PX + FACE_PX[crop_HWC.shape[0]])
    return crop_HWC[inside, inside]


def window_of(rows_TX: Float32Array, frame: int) -> Float32Array:
    """float32 [16, ...]: rows frame - 8 to frame + 7, zeros where there are none (SyncTalk_2D's data set)."""
    window_RX = np.zeros((2 * HALF_ROWS, *rows_TX.shape[1:]), np.float32)
    first, end = max(0, frame - HALF_ROWS), min(len(rows_TX), frame + HALF_ROWS)
    if first < end:
        window_RX[first - frame + HALF_ROWS : end - frame + HALF_ROWS] = rows_TX[first:end]
    return window_RX


def sound_input(asr_model: str, window_RX: Float32Array) -> Float32Array:
    """float32 [C, H, W], as networks of that model take a window."""
    shape = SOUND_SHAPES[asr_model]
    return window_RX.reshape(shape.channels, shape.height, shape.width)


def loud_frames(samples_T: Int16Array, rate_hz: int, num_frames: int, fps: float) -> npt.NDArray[np.bool_]:
    """Bool [N]: frames whose RMS is above a tenth of the sound's own loud ones (95th percentile)."""
    starts = np.rint(np.arange(num_frames + 1) / fps * rate_hz).astype(int)
    power_N = np.array(
        [
            np.mean(np.square(samples_T[a:b], dtype=np.float64)) if b > a else 0.0
            for a, b in zip(starts[:-1], np.minimum(starts[1:], len(samples_T)), strict=True)
        ]
    )
    rms_N = np.sqrt(power_N)
    loud = float(np.percentile(rms_N, 95)) if num_frames else 0.0
    return np.asarray((rms_N > 0.1 * loud) & (loud > 0))
