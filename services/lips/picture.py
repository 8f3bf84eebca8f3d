"""PURE: a frame's picture file as pixels."""

from __future__ import annotations

import cv2
import numpy as np

from services.base.errors import BadInput
from services.base.media.arrays import UInt8Array


def picture_of(data: bytes, name: str, mode: int = cv2.IMREAD_COLOR) -> UInt8Array:
    """uint8 [H, W, 3], BGR unless mode, of OpenCV's, says otherwise. name: for messages.

    Raises BadInput BAD_PICTURE for bytes that are none, are cut off, or would be larger than OpenCV reads.
    """
    detail = ""
    try:
        found_HWC = cv2.imdecode(np.frombuffer(data, np.uint8), mode)
    except cv2.error as error:
        found_HWC, detail = None, str(error).strip()
    if found_HWC is None:
        raise BadInput(
            "BAD_PICTURE",
            f"the {len(data)} bytes of {name} are no picture: copy the folder again, or preprocess the video again",
            detail,
        )
    return np.asarray(found_HWC, np.uint8)
