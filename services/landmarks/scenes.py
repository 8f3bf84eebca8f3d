"""Where a clip's picture changes to another one, at once or by a dissolve: another scene, or another person. Pure."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np

from services.base.media.arrays import Float32Array, UInt8Array

# Frames are compared as thumbnails of this side. Measured at 15 Hz on clips of signers: within a scene thumbnails
# correlate by 0.82 or more and differ by 15 grey values at most in the mean, across a cut by 0.04 and by 47 or more.
_SIDE_PX = 32
_OTHER_PICTURE, _LEAST_CHANGE = 0.5, 10.0
# Two people before one wall differ less; then the change must stand out from those before it.
_LIKE_PICTURE, _STANDS_OUT, _NUM_CHANGES, _LEAST_CHANGES = 0.8, 4.0, 15, 5
# One scene dissolves into another within this many kept frames. Within a scene thumbnails so far apart correlate by
# 0.69 or more and differ by 27 at most, across a dissolve by 0.09 at most and by 65 or more.
_NUM_BACK, _DISSOLVED, _DISSOLVED_CHANGE = 8, 0.35, 30.0
# A dissolve has ended where a step is this small beside its largest.
_SETTLED = 0.4
# A frame of one colour is no scene, be it a blink of the camera or the end of a fade.
_LEAST_CONTRAST = 4.0


class SceneCuts:
    """One clip's cuts, from the kept frames in order.

    blending: whether the latest frame is one of a dissolve, from where the next scene prevails to where it is alone.
    """

    def __init__(self) -> None:
        # The latest last.
        self._scene: deque[Float32Array] = deque(maxlen=_NUM_BACK + 1)
        self._changes: deque[float] = deque(maxlen=_NUM_CHANGES)
        self._num_blending = 0
        self._blended = 0.0

    @property
    def blending(self) -> bool:
        return self._num_blending > 0

    def next(self, frame_HWC: UInt8Array) -> bool:
        """Whether this frame begins another scene; False for the first one, and for frames of one colour.

        frame_HWC: uint8 RGB, of any size, the same for all.
        """
        small = cv2.resize(frame_HWC, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
        now_HWC: Float32Array = np.asarray(small, np.float32)
        if float(now_HWC.std(axis=(0, 1)).max()) < _LEAST_CONTRAST:
            return False
        before_HWC = self._scene[-1] if self._scene else None
        self._scene.append(now_HWC)
        if before_HWC is None:
            return False
        change = float(np.abs(now_HWC - before_HWC).mean())
        if self._is_cut(change, _correlation(now_HWC, before_HWC)):
            self._begin(now_HWC, 0)
            return True
        if self.blending:
            self._blended = max(self._blended, change)
            settled = change < _SETTLED * self._blended
            self._num_blending = 0 if settled else self._num_blending - 1
            return False
        if self._is_dissolved(now_HWC):
            self._blended = max([change, *list(self._changes)[-_NUM_BACK:]])
            self._begin(now_HWC, _NUM_BACK)
            return True
        self._changes.append(change)
        return False

    def _begin(self, now_HWC: Float32Array, num_blending: int) -> None:
        self._changes.clear()
        self._scene.clear()
        self._scene.append(now_HWC)
        self._num_blending = num_blending

    def _is_dissolved(self, now_HWC: Float32Array) -> bool:
        first_HWC = self._scene[0]
        change = float(np.abs(now_HWC - first_HWC).mean())
        return change > _DISSOLVED_CHANGE and _correlation(now_HWC, first_HWC) < _DISSOLVED

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
