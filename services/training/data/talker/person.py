"""One person as data: crops of the face, rows of sound, and what of them may be used. Pure: values only."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.base.media.arrays import Float32Array, UInt8Array


@dataclass(frozen=True, eq=False)
class Person:
    """crops_NHWC: uint8 BGR, square, mapped from a file. rows_TX: float32, features of the sound, a row a frame.

    mouths_N4: int64, the box of the mouth as left, top, right, bottom in px of the crop; of no length where it is not
    known. usable_N: bool, the face was found. voiced_N: bool, there is sound. digest: of all of it. asr_model: of the
    rows. Frames beyond the rows, and rows beyond the frames, are not looked at.
    """

    name: str
    asr_model: str
    crops_NHWC: UInt8Array
    rows_TX: Float32Array
    usable_N: npt.NDArray[np.bool_]
    voiced_N: npt.NDArray[np.bool_]
    digest: str
    mouths_N4: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 4), np.int64))

    def __post_init__(self) -> None:
        num_frames = len(self.crops_NHWC)
        if self.crops_NHWC.ndim != 4 or self.crops_NHWC.shape[1] != self.crops_NHWC.shape[2]:
            raise ValueError(f"crops of {self.name} must be squares, not {self.crops_NHWC.shape}")
        if self.usable_N.shape != (num_frames,) or self.voiced_N.shape != (num_frames,):
            raise ValueError(
                f"{self.name} has {num_frames} crops, {self.usable_N.shape} and {self.voiced_N.shape} marks"
            )
        if self.mouths_N4.shape not in ((0, 4), (num_frames, 4)):
            raise ValueError(f"{self.name} has {num_frames} crops and mouths of shape {self.mouths_N4.shape}")

    @property
    def num_frames(self) -> int:
        """That have a row."""
        return min(len(self.crops_NHWC), len(self.rows_TX))

    def frames(self, among: range) -> list[int]:
        """Of these, those that may be used."""
        return [frame for frame in among if frame < self.num_frames and self.usable_N[frame]]
