"""landmarks.npz of a talking head's person: every frame's points as they were found, and what became of them. Pure."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array, Int32Array, UInt8Array
from services.formats.npz import encode_npz

MEDIA_TYPE = "application/x-npz"
_ARRAYS = {
    "points": (np.float32, (110, 2)),
    "source": (np.uint8, ()),
    "usable": (np.bool_, ()),
    "boxes": (np.int32, (3,)),
}


@dataclass(frozen=True)
class LandmarkTable:
    """points_TNC: float32 [T, 110, 2], (x, y) px, neither rounded nor smoothed; NaN where no face was found.

    source_T: uint8 [T], PointSource values. usable_T: bool [T], the frame shows the face or lies in a loss short enough
    to be bridged. boxes_T3: int32 [T, 3], (left, top, side) px of the crop, which the frame's pickle says too.
    """

    points_TNC: Float32Array
    source_T: UInt8Array
    usable_T: npt.NDArray[np.bool_]
    boxes_T3: Int32Array

    def __post_init__(self) -> None:
        num_frames = len(self.points_TNC)
        for (name, (dtype, rest)), array in zip(_ARRAYS.items(), self.arrays().values(), strict=True):
            if array.dtype != dtype or array.shape != (num_frames, *rest):
                raise ValueError(
                    f"{name} of {num_frames} frames must be {np.dtype(dtype)} {(num_frames, *rest)}, not {array.dtype} "
                    f"{array.shape}"
                )

    def arrays(self) -> dict[str, np.ndarray]:
        """By the names of the file, in its order."""
        return dict(zip(_ARRAYS, (self.points_TNC, self.source_T, self.usable_T, self.boxes_T3), strict=True))


def encode_table(table: LandmarkTable) -> bytes:
    """An npz without compression; the same table is the same bytes."""
    return encode_npz(table.arrays(), compressed=False)


def decode_table(data: bytes) -> LandmarkTable:
    """The inverse. Raises BadInput BAD_TABLE for what is none, or is compressed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as members:
            # What is stored as it is takes no more room than its bytes here.
            if any(member.compress_type != zipfile.ZIP_STORED for member in members.infolist()):
                raise ValueError("an array is compressed")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return LandmarkTable(*(arrays[name] for name in _ARRAYS))
    except (KeyError, OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise BadInput(
            "BAD_TABLE", f"these bytes are no landmarks.npz ({error}): preprocess the video again"
        ) from error
