"""Where a clip's picture changes to another one: a cut to another scene, or to another person. Pure."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np

from services.base.media import Float32Array, UInt8Array

# Frames are compared as thumbnails of this side. Measured at 15 Hz on clips of signers: within a scene thumbnails
# correlate by 0.82 or more and differ by 15 grey values at most in the mean, across a cut by 0.04 and by 47 or more.
_SIDE_PX = 32
_OTHER_PICTURE, _LEAST_CHANGE = 0.5, 10.0
# Two people before one wall differ less; then the change must stand out from those before it.
_LIKE_PICTURE, _STANDS_OUT, _NUM_CHANGES, _LEAST_CHANGES = 0.8, 4.0, 15, 5
# A frame of one colour is no scene, be it a blink of the camera or the end of a fade.
_LEAST_CONTRAST = 4.0


class SceneCuts:
    """One clip's cuts, from the kept frames in order."""

    def __init__(self) -> None:
        self._last_HWC: Float32Array | None = None
        self._changes: deque[float] = deque(maxlen=_NUM_CHANGES)

    def next(self, frame_HWC: UInt8Array) -> bool:
        """Whether this frame begins another scene; False for the first one, and for frames of one colour.

        frame_HWC: uint8 RGB, of any size, the same for all.
        """
        small = cv2.resize(frame_HWC, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
        now_HWC: Float32Array = np.asarray(small, np.float32)
        if float(now_HWC.std(axis=(0, 1)).max()) < _LEAST_CONTRAST:
            return False
        before_HWC, self._last_HWC = self._last_HWC, now_HWC
        if before_HWC is None:
            return False
        change = float(np.abs(now_HWC - before_HWC).mean())
        if self._is_cut(change, _correlation(now_HWC, before_HWC)):
            self._changes.clear()
            return True
        self._changes.append(change)
        return False

    def _is_cut(self, change: float, correlation: float) -> bool:
        if change < _LEAST_CHANGE:
            return False
        if correlation < _OTHER_PICTURE:
            return True
        stands_out = len(self._changes) >= _LEAST_CHANGES and change > _STANDS_OUT * max(self._changes)
        return stands_out and correlation < _LIKE_PICTURE


def _correlation(a_HWC: Float32Array, b_HWC: Float32Array) -> float:
    """Of two pictures, -1 to 1, whatever their light: each colour's mean is taken off."""
    a_HWC, b_HWC = a_HWC - a_HWC.mean(axis=(0, 1)), b_HWC - b_HWC.mean(axis=(0, 1))
    return float((a_HWC * b_HWC).sum() / max(1e-6, float(np.sqrt((a_HWC**2).sum() * (b_HWC**2).sum()))))
