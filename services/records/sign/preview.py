"""A few frames of a clip with its points drawn on them, for people."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from services.base.media.arrays import Float32Array, UInt8Array
from services.records.contact_sheet import contact_sheet
from services.records.sign.ops import BoolArray
from services.records.sign.points import FACE, LEFT_HAND, NUM_KEYPOINTS, RIGHT_HAND
from services.records.spread_frames import SpreadFrames

MAX_THUMBNAILS, KEPT_PX = 12, 480
_HEIGHT_PX = 260
_COLUMNS = 4
# A sheet shows where points are: their box, this much wider, but no less than this share of the frame.
_MARGIN, _LEAST_SHARE = 0.12, 0.3
# Shoulders, arms and hips of MediaPipe's pose, and the bones of its hand.
_POSE_LINES = ((11, 12), (11, 13), (13, 15), (12, 14), (14, 16), (11, 23), (12, 24), (23, 24), (9, 10))
_FINGERS = ((0, 1, 2, 3, 4), (0, 5, 6, 7, 8), (5, 9, 10, 11, 12), (9, 13, 14, 15, 16), (13, 17, 18, 19, 20), (0, 17))
_HAND_LINES = tuple(line for finger in _FINGERS for line in pairwise(finger))
_POSE_INK, _LEFT_INK, _RIGHT_INK, _FACE_INK = (90, 220, 120), (255, 170, 60), (80, 160, 255), (240, 90, 160)


def sheet(thumbnails: SpreadFrames, xy_TNC: Float32Array, mask_TN: BoolArray, title: str) -> bytes:
    """A JPEG of the thumbnails, cut to where points are, with the visible points; empty without a thumbnail.

    xy_TNC: over width and height. Left hand orange, right hand blue, as the person's own.
    """
    indices, frames_THWC = thumbnails.frames()
    if not indices:
        return b""
    indices = [index for index in indices if index < len(xy_TNC)]
    low_C, high_C = shown_box(xy_TNC[indices], mask_TN[indices])
    cells = []
    for place, frame_HWC in enumerate(frames_THWC):
        cell_HWC = _cell(frame_HWC, low_C, high_C)
        if place < len(indices):
            t = indices[place]
            draw(cell_HWC, (xy_TNC[t] - low_C) / (high_C - low_C), mask_TN[t])
        cells.append(cell_HWC)
    return contact_sheet(np.stack(cells), title, _COLUMNS, ".jpg")


def shown_box(xy_TNC: Float32Array, mask_TN: BoolArray) -> tuple[Float32Array, Float32Array]:
    """(low_C, high_C), each [2], of the part of the frames to be shown; all of it where no point is visible."""
    points_NC = xy_TNC[mask_TN]
    if not len(points_NC):
        return np.zeros(2, np.float32), np.ones(2, np.float32)
    low_C, high_C = points_NC.min(axis=0), points_NC.max(axis=0)
    half_C = np.maximum((high_C - low_C) / 2 + _MARGIN, _LEAST_SHARE / 2)
    centre_C = (low_C + high_C) / 2
    return np.clip(centre_C - half_C, 0, 1), np.clip(centre_C + half_C, 0, 1)


def _cell(frame_HWC: UInt8Array, low_C: Float32Array, high_C: Float32Array) -> UInt8Array:
    height_px, width_px = frame_HWC.shape[:2]
    (left, top), (right, bottom) = (np.rint(edge_C * (width_px, height_px)).astype(int) for edge_C in (low_C, high_C))
    part_HWC = frame_HWC[top : max(bottom, top + 1), left : max(right, left + 1)]
    scale = _HEIGHT_PX / part_HWC.shape[0]
    size = (max(1, min(4 * _HEIGHT_PX, round(part_HWC.shape[1] * scale))), _HEIGHT_PX)
    shrinks = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part_HWC, size, interpolation=shrinks), np.uint8)


def draw(frame_HWC: UInt8Array, xy_NC: Float32Array, mask_N: BoolArray) -> None:
    """Draws visible points, and lines between two of them, into an RGB frame."""
    height_px, width_px = frame_HWC.shape[:2]
    points = [(round(float(x) * (width_px - 1)), round(float(y) * (height_px - 1))) for x, y in xy_NC]
    lines = [(a, b, _POSE_INK) for a, b in _POSE_LINES]
    lines += [(LEFT_HAND.start + a, LEFT_HAND.start + b, _LEFT_INK) for a, b in _HAND_LINES]
    lines += [(RIGHT_HAND.start + a, RIGHT_HAND.start + b, _RIGHT_INK) for a, b in _HAND_LINES]
    for a, b, ink in lines:
        if mask_N[a] and mask_N[b]:
            cv2.line(frame_HWC, points[a], points[b], ink, 1, cv2.LINE_AA)
    for n in range(FACE.start, NUM_KEYPOINTS):
        if mask_N[n]:
            cv2.circle(frame_HWC, points[n], 2, _FACE_INK, -1, cv2.LINE_AA)
