"""PFLD: the points of one face in a square of a frame, and how that square looks (https://arxiv.org/abs/1902.10859)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from services.base.media.arrays import Float32Array, UInt8Array
from services.base.media.topology import PFLD_110, topology
from services.landmarks.face.pfld.boxes import FaceBox
from services.landmarks.face.pfld.sessions import open_session, planes, unreadable

_LEAST_SIDE_PX, _MOST_OF_FRAME = 8, 4
_VIEW_PX = 16
# A face that speaks and turns its head resembles itself by .8 and more over a second; a wall or another one does not.
_LEAST_LIKENESS = 0.6

CONVERTED = "points"
"""Name of the output of a file that `visemill models convert` writes: its mean face is in the graph."""


@dataclass(frozen=True)
class Look:
    """points_NC: float32 [N, 2], (x, y) px of the frame. view: float32 [16, 16], the square in grey, of mean 0 and norm
    1.
    """

    points_NC: Float32Array
    view: Float32Array

    def is_like(self, other: Look) -> bool:
        """Whether both squares show one face, by the correlation of their greys."""
        return float((self.view * other.view).sum()) >= _LEAST_LIKENESS


class Pfld:
    """The loaded network of a topology. Raises BadConfig as `open_session` does, and for another network's file."""

    def __init__(self, path: Path, topology_name: str, remedy: str) -> None:
        self._session = open_session(path, remedy)
        (first, *_), (output, *_) = self._session.get_inputs(), self._session.get_outputs()
        num_values = 2 * topology(topology_name).num_points
        if len(first.shape) != 4 or first.shape[2] != first.shape[3] or output.shape[-1] != num_values:
            raise unreadable(path, f"it makes {output.shape} of {first.shape}, not {num_values} numbers", remedy)
        if topology_name == PFLD_110 and output.name != CONVERTED:
            raise unreadable(path, "it lacks the mean face that the numbers are added to", remedy)
        self._input, self._side_px = first.name, int(first.shape[2])

    def __call__(self, frame_HWC: UInt8Array, box: FaceBox) -> Look | None:
        """None for a square of hardly any pixels, or none of the frame's. frame_HWC: uint8 RGB."""
        left, top, side = box.square()
        square_HWC = cut(frame_HWC, left, top, side)
        if square_HWC is None:
            return None
        image_HWC = np.asarray(cv2.resize(square_HWC, (self._side_px, self._side_px)), np.uint8)
        (found,) = self._session.run(None, {self._input: planes(image_HWC[:, :, ::-1]) / np.float32(255)})
        points_NC = (found.reshape(-1, 2) * side + np.array([left, top])).astype(np.float32)
        small = cv2.resize(image_HWC, (_VIEW_PX, _VIEW_PX), interpolation=cv2.INTER_AREA)
        grey = small.astype(np.float32).mean(axis=2)
        grey -= grey.mean()
        view: Float32Array = grey / np.float32(max(float(np.linalg.norm(grey)), 1e-3))
        return Look(points_NC, view)


def cut(frame_HWC: UInt8Array, left: int, top: int, side: int) -> UInt8Array | None:
    """The square, black beyond the frame; None where it is less than 8 px wide, too large, or shows nothing of it."""
    height_px, width_px = frame_HWC.shape[:2]
    if not _LEAST_SIDE_PX <= side <= _MOST_OF_FRAME * max(height_px, width_px):
        return None
    first_x, first_y, end_x, end_y = max(left, 0), max(top, 0), min(left + side, width_px), min(top + side, height_px)
    if first_x >= end_x or first_y >= end_y:
        return None
    inside_HWC = frame_HWC[first_y:end_y, first_x:end_x]
    around = (first_y - top, top + side - end_y, first_x - left, left + side - end_x)
    if any(around):
        return np.asarray(cv2.copyMakeBorder(inside_HWC, *around, cv2.BORDER_CONSTANT), np.uint8)
    return inside_HWC
