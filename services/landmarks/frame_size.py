"""The one size that the frames of a clip have."""

from __future__ import annotations

from services.base.errors import BadInput
from services.base.media.video import FrameChunk


def check_frame_size(name: str, chunk: FrameChunk, size_px: tuple[int, int]) -> None:
    """size_px: (width, height) of the frames before. Raises BadInput FRAME_SIZE_CHANGED for frames of another."""
    height_px, width_px = chunk.frames_THWC.shape[1:3]
    if (width_px, height_px) != size_px:
        was = "x".join(map(str, size_px))
        raise BadInput(
            "FRAME_SIZE_CHANGED",
            f"{name}: frame {chunk.first_index} is {width_px}x{height_px} px after frames of {was} px; "
            "a clip's frames must be of one size: re-encode it, or cut it where the size changes",
        )
