"""How a clip becomes frames, as values. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

Resample = Literal["time", "step"]
Unreadable = Literal["drop", "zeros"]
"""What becomes of a video that breaks while it is decoded: it is left out, or it is black, as long as it should be."""


class Reading(NamedTuple):
    """How a video becomes frames. resample: time, the frame nearest to each multiple of 1 / fps; step, every n-th
    frame with n = int(source rate / fps) or 1, which makes 30 frames a second slow. max_frames: more are cut off.
    """

    height_px: int
    width_px: int
    fps: float
    resample: Resample
    max_frames: int
