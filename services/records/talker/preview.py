"""A few frames of a person with the crop and the points of the mouth drawn on them, for people."""

from __future__ import annotations

import cv2
import numpy as np

from services.base.media.arrays import UInt8Array
from services.base.media.topology import PFLD_110, topology
from services.base.media.video import FrameChunk
from services.geometry.talker_points import TalkerPoints
from services.records.contact_sheet import contact_sheet
from services.records.spread_frames import SpreadFrames

_NUM_SHOWN, _COLUMNS = 8, 4
_HEIGHT_PX = 320
_BOX_INK, _LOST_INK, _MOUTH_INK = (90, 220, 120), (255, 80, 80), (255, 200, 60)


class Preview:
    """Evenly spread frames of a clip of any length, small."""

    def __init__(self) -> None:
        self._frames = SpreadFrames(_NUM_SHOWN, _HEIGHT_PX)

    def push(self, chunk: FrameChunk) -> None:
        self._frames.push(chunk)

    def sheet(self, points: TalkerPoints, width_px: int, title: str) -> bytes:
        """A JPEG; empty without a frame. The crop is green, red where the frame is not usable."""
        places, frames_THWC = self._frames.frames()
        if not places:
            return b""
        for t, frame_HWC in zip(places, frames_THWC, strict=True):
            _draw(frame_HWC, points, t, frame_HWC.shape[1] / width_px)
        return contact_sheet(frames_THWC, title, _COLUMNS, ".jpg")


def _draw(frame_HWC: UInt8Array, points: TalkerPoints, t: int, scale: float) -> None:
    left, top, side = (round(float(value) * scale) for value in points.boxes_T3[t])
    ink = _BOX_INK if points.usable_T[t] else _LOST_INK
    cv2.rectangle(frame_HWC, (left, top), (left + side, top + side), ink, 1, cv2.LINE_AA)
    if points.usable_T[t]:
        mouth_NC = points.pixels_TNC[t, list(topology(PFLD_110).group("lips"))]
        for x, y in np.rint(mouth_NC * scale).astype(int).tolist():
            cv2.circle(frame_HWC, (x, y), 1, _MOUTH_INK, -1, cv2.LINE_AA)
