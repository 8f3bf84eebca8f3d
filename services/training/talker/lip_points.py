"""Where the lips of a face are, by a network of landmarks that the user names: an ONNX file, on onnxruntime.

PFLD_GhostOne's file of 98 points (https://github.com/AnthonyF333/PFLD_GhostOne), or that of 110 which `visemill models
convert pfld-110` makes.
"""

from __future__ import annotations

import numpy as np

from services.base.media.arrays import Float32Array, UInt8Array
from services.base.media.topology import PFLD_110, WFLW_98, Topology, topology
from services.lips.talker_crop import CropBox, crop
from services.training.talker.onnx_file import OnnxFile

_NUMBERINGS = {98: topology(WFLW_98), 110: topology(PFLD_110)}
# Of a converted file: its mean face is in the graph.
_CONVERTED = "points"
_REMEDY = "give PFLD's ONNX file of 98 points, or one of 110 that `visemill models convert pfld-110` has made"


class LipPoints:
    """The loaded network. Raises BadConfig MODEL_UNREADABLE."""

    def __init__(self, path: str) -> None:
        file = OnnxFile(path, "--landmark-model", _REMEDY)
        (taken, *_), (given, *_) = file.session.get_inputs(), file.session.get_outputs()
        num_points = given.shape[-1] // 2 if isinstance(given.shape[-1], int) else 0
        is_square = len(taken.shape) == 4 and taken.shape[2] == taken.shape[3]
        if num_points not in _NUMBERINGS or not is_square or (num_points == 110 and given.name != _CONVERTED):
            raise file.unusable(f"it makes {given.name} {given.shape} of {taken.shape}")
        self._session, self._input, self._side_px = file.session, taken.name, int(taken.shape[2])

    def __call__(self, picture_HWC: UInt8Array, face: CropBox) -> Float32Array:
        """float32 [98 or 110, 2], (x, y) px of the picture. picture_HWC: uint8 BGR. face: the square around it."""
        square_HWC = crop(picture_HWC, face, self._side_px)
        planes_1CHW = np.ascontiguousarray(square_HWC.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
        (found,) = self._session.run(None, {self._input: planes_1CHW})
        points_NC: Float32Array = found.reshape(-1, 2) * np.float32(face.side_px)
        return points_NC + np.array([face.left_px, face.top_px], np.float32)


def lip_distance(points_NC: Float32Array, real_NC: Float32Array) -> float:
    """Mean distance of the lips' points, as a share of the distance of the outer corners of the real face's eyes."""
    numbering: Topology = _NUMBERINGS[len(real_NC)]
    lips, (right, left) = list(numbering.group("lips")), numbering.group("outer_eye_corners")
    apart_px = float(np.linalg.norm(real_NC[right] - real_NC[left]))
    return float(np.linalg.norm(points_NC[lips] - real_NC[lips], axis=1).mean()) / max(apart_px, 1.0)
