"""SCRFD: all faces of a frame (https://arxiv.org/abs/2105.04714; the file of InsightFace, 2.5g with key points).

A frame is laid, at its proportions, in the middle of a black square of 640 px. For each of three grids of cells the
network gives, of two anchors a cell, a score and the distances from the cell's corner to the face's four sides.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from services.base.media.arrays import Float32Array, UInt8Array
from services.landmarks.face.pfld.boxes import FaceBox, distinct
from services.landmarks.face.pfld.sessions import open_session, planes, unreadable
from services.landmarks.face.pfld.spec import SCRFD

_SIDE_PX = 640
_STRIDES_PX = (8, 16, 32)
_ANCHORS_A_CELL = 2
_LEAST_SCORE = 0.1
# Of more candidates the best are looked at: pictures full of faces have some hundred.
_MOST_CANDIDATES = 1000


class Scrfd:
    """The loaded network. Raises BadConfig as `open_session` does, and for another network's file."""

    def __init__(self, path: Path) -> None:
        self._session = open_session(path, SCRFD.remedies)
        outputs = self._session.get_outputs()
        if len(outputs) != 3 * len(_STRIDES_PX):
            raise unreadable(path, f"it has {len(outputs)} outputs, SCRFD with key points 9", SCRFD.remedies)
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in outputs[: 2 * len(_STRIDES_PX)]]

    def __call__(self, frame_HWC: UInt8Array) -> list[FaceBox]:
        """Faces, best first, in pixels of the frame. frame_HWC: uint8 RGB."""
        height_px, width_px = frame_HWC.shape[:2]
        scale = min(_SIDE_PX / width_px, _SIDE_PX / height_px)
        width, height = (max(1, round(side * scale)) for side in (width_px, height_px))
        left, top = (_SIDE_PX - width) // 2, (_SIDE_PX - height) // 2
        image_HWC = np.zeros((_SIDE_PX, _SIDE_PX, 3), np.uint8)
        small_HWC = cv2.resize(frame_HWC, (width, height), interpolation=cv2.INTER_AREA)
        image_HWC[top : top + height, left : left + width] = small_HWC
        values = (planes(image_HWC) - np.float32(127.5)) / np.float32(128)
        found_N5 = candidates(self._session.run(self._outputs, {self._input: values}))
        found_N5[:, :4] = (found_N5[:, :4] - np.array([left, top, left, top], np.float32)) / np.float32(scale)
        boxes = [row for row in found_N5.tolist() if row[0] < row[2] and row[1] < row[3]]
        return distinct(FaceBox(*row) for row in boxes)


def candidates(outputs: list[Float32Array]) -> Float32Array:
    """float32 [n, 5], (left, top, right, bottom, score) in pixels of the square, best first.

    outputs: scores [1, A, 1] of each grid, then distances [1, A, 4] in cells.
    """
    num_grids = len(_STRIDES_PX)
    found = []
    for stride, scores_1A1, sides_1A4 in zip(_STRIDES_PX, outputs[:num_grids], outputs[num_grids:], strict=True):
        scores_A = scores_1A1.reshape(-1)
        (places,) = np.nonzero(scores_A >= _LEAST_SCORE)
        row, column = np.divmod(places // _ANCHORS_A_CELL, _SIDE_PX // stride)
        corners_N2 = np.stack([column, row], axis=1) * stride
        sides_N4 = sides_1A4.reshape(-1, 4)[places] * stride
        found.append(np.column_stack([corners_N2 - sides_N4[:, :2], corners_N2 + sides_N4[:, 2:], scores_A[places]]))
    all_N5: Float32Array = np.concatenate(found).astype(np.float32)
    return all_N5[np.argsort(-all_N5[:, 4], kind="stable")[:_MOST_CANDIDATES]]
