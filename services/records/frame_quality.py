"""What frames show of themselves, cheaply: the grey of a missing reference, darkness, copies. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.base.media.arrays import Float64Array, UInt8Array

# Every eighth pixel either way decides; only frames whose samples are equal are compared in full.
_SAMPLE_PX = 8
# A decoder without a reference frame predicts from mid-grey: where it has no data of its own, that grey stays.
_GREY_LEVEL, _GREY_SPREAD = 128, 12
_GREY_SHARE, _GREY_CONTRAST, _ALL_GREY_SHARE = 0.25, 0.2, 0.95
_DARK_LEVEL = 24.0
# Mean difference, in levels, to the frame before. Of 50 clips of GRID two frames in a row are below it at most, since a
# camera's noise is 0.5; a picture coded over and over stays below 0.05.
_STILL_LEVELS = 0.1

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class FrameFacts:
    """What was measured, frame by frame.

    grey_share_T: float64, share of pixels within 12 levels of mid-grey in all channels. light_T: float64, 0..255, mean
    of each pixel's brightest channel. frozen_T: bool, equal to the frame before, bit for bit.
    """

    grey_share_T: Float64Array
    light_T: Float64Array
    frozen_T: BoolArray
    still_T: BoolArray

    def __post_init__(self) -> None:
        if not len(self.grey_share_T) == len(self.light_T) == len(self.frozen_T) == len(self.still_T):
            raise ValueError("facts must be of the same number of frames")

    @property
    def grey_T(self) -> BoolArray:
        """Frames that are at least a quarter mid-grey and clearly more so than the clip's clearest frame, or all grey.

        The comparison spares clips shot before a grey wall: their share is the same throughout.
        """
        clearest = self.grey_share_T.min() if len(self.grey_share_T) else 0.0
        stands_out_T = (self.grey_share_T >= _GREY_SHARE) & (self.grey_share_T >= clearest + _GREY_CONTRAST)
        return stands_out_T | (self.grey_share_T >= _ALL_GREY_SHARE)

    @property
    def dark_T(self) -> BoolArray:
        return self.light_T < _DARK_LEVEL


class FrameMeter:
    """Measures the frames of one clip, chunk by chunk."""

    def __init__(self) -> None:
        self._grey: list[Float64Array] = []
        self._light: list[Float64Array] = []
        self._frozen: list[BoolArray] = []
        self._still: list[BoolArray] = []
        self._last_CHW: UInt8Array | None = None
        self._last: UInt8Array | None = None

    def push(self, frames_THWC: UInt8Array) -> None:
        """uint8 RGB [T, H, W, 3], in order. Keeps a copy of the last frame only."""
        if not len(frames_THWC):
            return
        offset = min(_SAMPLE_PX // 2, *(side - 1 for side in frames_THWC.shape[1:3]))
        sample_THWC = frames_THWC[:, offset::_SAMPLE_PX, offset::_SAMPLE_PX]
        # A plane at a time: reducing over an axis of three is several times slower.
        planes_CTHW = np.ascontiguousarray(np.moveaxis(sample_THWC, 3, 0))
        # Below the band this wraps around to large values: one comparison for both of its ends.
        near_CTHW = (planes_CTHW - np.uint8(_GREY_LEVEL - _GREY_SPREAD)) <= 2 * _GREY_SPREAD
        self._grey.append((near_CTHW[0] & near_CTHW[1] & near_CTHW[2]).mean(axis=(1, 2)))
        brightest_THW = np.maximum(np.maximum(planes_CTHW[0], planes_CTHW[1]), planes_CTHW[2])
        self._light.append(brightest_THW.mean(axis=(1, 2)))
        frozen = [self._equals(self._last, frames_THWC[0])]
        same_sample_T = (planes_CTHW[:, 1:] == planes_CTHW[:, :-1]).all(axis=(0, 2, 3))
        for t, same in enumerate(same_sample_T, 1):
            frozen.append(bool(same) and np.array_equal(frames_THWC[t - 1], frames_THWC[t]))
        self._frozen.append(np.array(frozen, bool))
        self._still.append(self._is_still(planes_CTHW) | self._frozen[-1])
        self._last_CHW = planes_CTHW[:, -1].copy()
        self._last = frames_THWC[-1].copy()

    def facts(self) -> FrameFacts:
        if not self._grey:
            return FrameFacts(np.empty(0), np.empty(0), np.empty(0, bool), np.empty(0, bool))
        frozen_T, still_T = np.concatenate(self._frozen), np.concatenate(self._still)
        return FrameFacts(np.concatenate(self._grey), np.concatenate(self._light), frozen_T, still_T)

    def _is_still(self, planes_CTHW: UInt8Array) -> BoolArray:
        before = planes_CTHW[:, :1] if self._last_CHW is None else self._last_CHW[:, None]
        with_last_CTHW = np.concatenate([before, planes_CTHW], axis=1)
        # Levels as int16, whose differences do not wrap around.
        differences_CTHW = np.abs(np.diff(with_last_CTHW.astype(np.int16), axis=1))
        still_T: BoolArray = differences_CTHW.mean(axis=(0, 2, 3)) < _STILL_LEVELS
        if self._last_CHW is None:
            still_T[0] = False
        return still_T

    @staticmethod
    def _equals(last: UInt8Array | None, frame_HWC: UInt8Array) -> bool:
        if last is None or not np.array_equal(last[::_SAMPLE_PX, ::_SAMPLE_PX], frame_HWC[::_SAMPLE_PX, ::_SAMPLE_PX]):
            return False
        return np.array_equal(last, frame_HWC)


def longest_run(true_T: BoolArray) -> int:
    """Frames of the longest stretch of true ones."""
    edges_T = np.flatnonzero(np.diff(np.concatenate(([False], true_T, [False])).astype(np.int8)))
    return int((edges_T[1::2] - edges_T[::2]).max()) if len(edges_T) else 0
