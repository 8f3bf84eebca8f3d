"""A clip's crops on one sheet, for people."""

from __future__ import annotations

import cv2
import numpy as np

from services.base.media.arrays import UInt8Array

_GAP_PX = 2
_TITLE_PX = 20
_FONT, _FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.45
_PAPER, _INK = 32, (235, 235, 235)


def contact_sheet(frames_THWC: UInt8Array, title: str, columns: int = 10, extension: str = ".png") -> bytes:
    """A PNG or JPEG: the title in one line, then the frames in reading order. frames_THWC: uint8 RGB, T >= 1.

    Characters outside ASCII are shown as `?`. Raises ValueError without frames or columns.
    """
    num_frames, height, width, _ = frames_THWC.shape
    if num_frames < 1 or columns < 1:
        raise ValueError(f"a sheet needs frames and columns, not {num_frames} and {columns}")
    columns = min(columns, num_frames)
    rows = -(-num_frames // columns)
    sheet = np.full((_TITLE_PX + rows * (height + _GAP_PX), columns * (width + _GAP_PX) - _GAP_PX, 3), _PAPER, np.uint8)
    ascii_title = title.encode("ascii", "replace").decode()
    cv2.putText(sheet, ascii_title, (4, _TITLE_PX - 6), _FONT, _FONT_SCALE, _INK, 1, cv2.LINE_AA)
    for t, frame_HWC in enumerate(frames_THWC):
        row, column = divmod(t, columns)
        y, x = _TITLE_PX + row * (height + _GAP_PX), column * (width + _GAP_PX)
        sheet[y : y + height, x : x + width] = frame_HWC[..., ::-1]
    _, encoded = cv2.imencode(extension, sheet)
    return encoded.tobytes()
