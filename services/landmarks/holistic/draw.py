"""Points drawn on frames, for people: one frame, or a sheet of some."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from services.base.media import Float32Array, Keypoints, UInt8Array
from services.landmarks.holistic.layout import FACE, HAND_BONES, LEFT_HAND, NUM_POINTS, POSE, POSE_BONES, RIGHT_HAND

BoolArray = npt.NDArray[np.bool_]

# RGB: the body green, the person's left hand orange, the right one blue, the face yellow.
_COLOURS = {"pose": (60, 220, 90), "left_hand": (255, 120, 40), "right_hand": (70, 150, 255), "face": (255, 230, 60)}
_BONES = (
    (POSE, POSE_BONES, "pose"),
    (LEFT_HAND, HAND_BONES, "left_hand"),
    (RIGHT_HAND, HAND_BONES, "right_hand"),
    (FACE, (), "face"),
)
_PX_A_STROKE = 240
_GAP_PX = 2
_PAPER = 32


def shown_points(keypoints: Keypoints, conf_thresh: float = 0.5) -> BoolArray:
    """Points worth drawing, bool [T, 78]: of a body those with at least this visibility, hands and face where found."""
    shown_TN: BoolArray = keypoints.present_TN.copy()
    shown_TN[:, POSE] &= keypoints.confidence_TN[:, POSE] >= conf_thresh
    return shown_TN


def skeleton(frame_HWC: UInt8Array, xy_NC: Float32Array, shown_N: BoolArray) -> UInt8Array:
    """A copy of a uint8 RGB frame with its points and the bones between them.

    xy_NC: [78, 2] over the frame's width and height; shown_N: bool [78]. Raises ValueError for other shapes.
    """
    if xy_NC.shape != (NUM_POINTS, 2) or shown_N.shape != (NUM_POINTS,):
        raise ValueError(
            f"points must be [{NUM_POINTS}, 2] and shown [{NUM_POINTS}], not {xy_NC.shape}, {shown_N.shape}"
        )
    out_HWC = np.ascontiguousarray(frame_HWC).copy()
    height_px, width_px = out_HWC.shape[:2]
    stroke_px = max(1, round(min(height_px, width_px) / _PX_A_STROKE))
    # Points may lie far outside; OpenCV wants numbers that fit.
    pixels = np.clip(np.rint(xy_NC * (width_px, height_px)), -30_000, 30_000).astype(int)
    for group, bones, name in _BONES:
        points, shown, colour = pixels[group], shown_N[group], _COLOURS[name]
        for a, b in bones:
            if shown[a] and shown[b]:
                cv2.line(out_HWC, tuple(points[a].tolist()), tuple(points[b].tolist()), colour, stroke_px, cv2.LINE_AA)
        for point in points[shown]:
            cv2.circle(out_HWC, tuple(point.tolist()), stroke_px, colour, -1, cv2.LINE_AA)
    return out_HWC


def preview_sheet(
    frames_THWC: UInt8Array,
    keypoints: Keypoints,
    rows: Sequence[int] | None = None,
    columns: int = 6,
    cell_px: int = 240,
    conf_thresh: float = 0.5,
) -> bytes:
    """A PNG of frames with their skeletons, in reading order.

    frames_THWC: uint8 RGB, one or more. rows: which row of the keypoints each belongs to; None: the first, the second
    and so on. cell_px: the longer side of a frame on the sheet. Raises ValueError when there is nothing to draw.
    """
    chosen = range(len(frames_THWC)) if rows is None else rows
    if len(frames_THWC) < 1 or columns < 1 or len(chosen) != len(frames_THWC):
        raise ValueError(
            f"a sheet needs frames, columns and a row each, not {len(frames_THWC)}, {columns}, {len(chosen)}"
        )
    shown_TN = shown_points(keypoints, conf_thresh)
    height_px, width_px = frames_THWC.shape[1:3]
    scale = cell_px / max(height_px, width_px)
    cell_size = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
    columns = min(columns, len(frames_THWC))
    num_lines = -(-len(frames_THWC) // columns)
    shape = (num_lines * (cell_size[1] + _GAP_PX) - _GAP_PX, columns * (cell_size[0] + _GAP_PX) - _GAP_PX, 3)
    sheet = np.full(shape, _PAPER, np.uint8)
    for place, (frame_HWC, t) in enumerate(zip(frames_THWC, chosen, strict=True)):
        small = np.asarray(cv2.resize(frame_HWC, cell_size, interpolation=cv2.INTER_AREA), np.uint8)
        y, x = (n * (size + _GAP_PX) for n, size in zip(divmod(place, columns), cell_size[::-1], strict=True))
        sheet[y : y + cell_size[1], x : x + cell_size[0]] = skeleton(small, keypoints.xy_TNC[t], shown_TN[t])
    _, png = cv2.imencode(".png", sheet[..., ::-1])
    return png.tobytes()
