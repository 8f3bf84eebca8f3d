"""PURE: the box of the mouth in a crop, from landmarks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.base.media.arrays import Float32Array
from services.base.media.topology import PFLD_110, WFLW_98, topology
from services.lips.talker_crop import CropBox

_LIPS = {110: topology(PFLD_110).group("lips"), 98: topology(WFLW_98).group("lips")}
# Lips move beyond where they are in one frame's points, and points are rounded.
_MARGIN_SHARE = 0.15
_LEAST_SIDE_SHARE = 1 / 12


def mouths_of(points_TNC: Float32Array, boxes: Sequence[CropBox | None], crop_px: int) -> npt.NDArray[np.int64]:
    """int64 [T, 4]: left, top, right, bottom of each mouth in its crop, px; within it, and a twelfth of it at least.

    points_TNC: float32 [T, 98 or 110, 2], px of the frame. boxes: of the crops; of a frame without one a box of zeros.
    """
    lips_TKC = points_TNC[:, list(_LIPS[points_TNC.shape[1]])]
    found = np.zeros((len(boxes), 4), np.int64)
    for t, box in enumerate(boxes):
        if box is not None:
            scale = crop_px / box.side_px
            place_KC = (lips_TKC[t] - (box.left_px, box.top_px)) * scale
            low_C, high_C = place_KC.min(axis=0), place_KC.max(axis=0)
            middle_C, half_C = (low_C + high_C) / 2, (high_C - low_C) * (0.5 + _MARGIN_SHARE)
            half_C = np.maximum(half_C, crop_px * _LEAST_SIDE_SHARE / 2)
            corners = np.concatenate([middle_C - half_C, middle_C + half_C])
            found[t] = np.clip(np.rint(corners), 0, crop_px)
    return found
