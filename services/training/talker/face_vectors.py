"""What InceptionV3 makes of a face: its pooled values, by an ONNX file that the user names, on onnxruntime.

The file is what `visemill models export inception_v3` writes: RGB of whole levels, all else is in the graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from services.base.media.arrays import Float32Array, UInt8Array
from services.training.talker.onnx_file import OnnxFile

_NETWORK, _TYPE, _NUM_VALUES, _SIDE_PX = "inception_v3", "tensor(uint8)", 2048, 299
_AT_ONCE = 8
_REMEDY = (
    "give model.onnx of the folder inception_v3 that `visemill models export inception_v3 REPOSITORY --weights FILE` "
    "writes"
)


class FaceVectors:
    """The loaded network. weights: how it got them, "sha256:<hex>" or "seeded:0". Raises BadConfig MODEL_UNREADABLE."""

    def __init__(self, path: str) -> None:
        file = OnnxFile(path, "--inception-model", _REMEDY)
        (taken, *more), (given, *_) = file.session.get_inputs(), file.session.get_outputs()
        if more or taken.type != _TYPE or not _is_of_squares(taken.shape) or given.shape[1:] != [_NUM_VALUES]:
            raise file.unusable(f"it makes {given.name} {given.shape} of {taken.type} {taken.shape}")
        facts = file.session.get_modelmeta().custom_metadata_map
        if facts.get("model") != _NETWORK or not facts.get("weights"):
            raise file.unusable(f"it does not say that it is {_NETWORK}, nor whose weights it has")
        self.weights: str = facts["weights"]
        self._session, self._input = file.session, taken.name

    def __call__(self, faces: Iterable[UInt8Array]) -> Float32Array:
        """float32 [N, 2048] of faces uint8 BGR [H, W, 3], N of 1 or more."""
        parts: list[Float32Array] = []
        some: list[UInt8Array] = []
        for face_HWC in faces:
            some.append(_taken(face_HWC))
            if len(some) == _AT_ONCE:
                parts.append(self._of(some))
                some = []
        return np.concatenate([*parts, self._of(some)] if some else parts)

    def _of(self, some: Sequence[UInt8Array]) -> Float32Array:
        (vectors_ND,) = self._session.run(None, {self._input: np.stack(some)})
        return np.asarray(vectors_ND, np.float32)


def _is_of_squares(shape: Sequence[int | str]) -> bool:
    """[N, 299, 299, 3], or frames of any size."""
    return len(shape) == 4 and shape[3] == 3 and all(isinstance(n, str) or n == _SIDE_PX for n in shape[1:3])


def _taken(face_HWC: UInt8Array) -> UInt8Array:
    """RGB of the network's side, stretched in whole levels as frames are whose features are extracted."""
    rgb_HWC = np.ascontiguousarray(face_HWC[..., ::-1])
    stretched = cv2.resize(rgb_HWC, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_LINEAR)
    return np.asarray(stretched, np.uint8)
