"""How a painted face is put back into its frame. Pure."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from services.base.media.arrays import Float32Array, UInt8Array
from services.lips.talker_crop import CropBox
from services.lips.talker_input import FACE_PX, INSIDE_PX, face_in

_RAMP_SHARE = 0.08


def paste(frame_HWC: UInt8Array, box: CropBox, crop_HWC: UInt8Array, painted_SSC: UInt8Array, blend: str) -> None:
    """Puts what was painted of the inside of a crop into its frame, in place; what lies beyond the frame is left out.

    frame_HWC, crop_HWC, painted_SSC: uint8 BGR. feather: from the border inwards the frame passes into what was
    painted, and its own pixels stay what they were at the border. hard: the whole crop is put there, as the original
    does, whose border is seen.
    """
    height_px, width_px = frame_HWC.shape[:2]
    top, left = max(box.top_px, 0), max(box.left_px, 0)
    bottom, right = min(box.top_px + box.side_px, height_px), min(box.left_px + box.side_px, width_px)
    if bottom <= top or right <= left:
        return
    here = (slice(top, bottom), slice(left, right))
    there = tuple(
        slice(one.start - first, one.stop - first) for one, first in zip(here, (box.top_px, box.left_px), strict=True)
    )
    whole_HWC = crop_HWC.copy()
    face_in(whole_HWC)[:] = painted_SSC
    size = (box.side_px, box.side_px)
    new_HWC = cv2.resize(whole_HWC, size, interpolation=cv2.INTER_CUBIC)[there]
    if blend == "hard":
        frame_HWC[here] = new_HWC
        return
    share_HW1 = share_of_painted(len(crop_HWC), box.side_px)[there][..., None]
    mixed_HWC = frame_HWC[here] * (1 - share_HW1) + new_HWC * share_HW1
    frame_HWC[here] = np.rint(mixed_HWC).astype(np.uint8)


@lru_cache(maxsize=64)
def share_of_painted(crop_px: int, side_px: int) -> Float32Array:
    """float32 [side_px, side_px]: 1 within, falling to 0 at the border of what is painted and outside of it."""
    face_px = FACE_PX[crop_px]
    place = (np.arange(side_px, dtype=np.float32) + 0.5) * (crop_px / side_px) - INSIDE_PX
    to_border = np.minimum(place, face_px - place) / (face_px * _RAMP_SHARE)
    # Smooth at both ends: a kink would be seen as a line.
    along = np.clip(to_border, 0, 1)
    along = along * along * (3 - 2 * along)
    share_HW: Float32Array = np.minimum(along[:, None], along[None, :]).astype(np.float32)
    return share_HW
