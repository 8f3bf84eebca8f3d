"""A frame as the video shows it, with where its crop and its face lie. Pure: values only."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.media.arrays import Float32Array, UInt8Array
from services.lips.talker_crop import CropBox

# Networks of landmarks are used to a little more than brows, ears and chin.
_MARGIN = 1.1


@dataclass(frozen=True, eq=False)
class WholeFrame:
    """picture_HWC: uint8 BGR. crop: what a head learns. face: all of the face, for a network of landmarks."""

    picture_HWC: UInt8Array
    crop: CropBox
    face: CropBox


def face_around(points_NC: Float32Array) -> CropBox:
    """The square around landmarks [N, 2], px of the frame, with a margin."""
    low_C, high_C = points_NC.min(axis=0), points_NC.max(axis=0)
    side = max(1, round(_MARGIN * float((high_C - low_C).max())))
    left, top = (int(one) for one in (low_C + high_C - side) / 2)
    return CropBox(left, top, side)
