"""Evenly spread frames of a clip of any length, small, for sheets that people look at."""

from __future__ import annotations

import cv2
import numpy as np

from services.base.media.arrays import UInt8Array
from services.base.media.video import FrameChunk


class SpreadFrames:
    """Push the chunks of a clip in order; at most twice max_frames are held, of at most height_px."""

    def __init__(self, max_frames: int, height_px: int) -> None:
        self._max_frames, self._height_px = max_frames, height_px
        self._stride = 1
        self._kept: dict[int, UInt8Array] = {}

    def push(self, chunk: FrameChunk) -> None:
        first = -(-chunk.first_index // self._stride) * self._stride
        for index in range(first, chunk.first_index + len(chunk), self._stride):
            if index % self._stride == 0:
                self._kept[index] = self._small(chunk.frames_THWC[index - chunk.first_index])
                if len(self._kept) >= 2 * self._max_frames:
                    self._stride *= 2
                    self._kept = {i: frame for i, frame in self._kept.items() if i % self._stride == 0}

    def frames(self) -> tuple[list[int], UInt8Array]:
        """(their places among the clip's frames, uint8 RGB [n, h, w, 3]), n at most max_frames."""
        indices = sorted(self._kept)
        count = min(len(indices), self._max_frames)
        chosen = [indices[i * len(indices) // count] for i in range(count)]
        return chosen, np.stack([self._kept[i] for i in chosen]) if chosen else np.zeros((0, 1, 1, 3), np.uint8)

    def _small(self, frame_HWC: UInt8Array) -> UInt8Array:
        height_px, width_px = frame_HWC.shape[:2]
        if height_px <= self._height_px:
            return frame_HWC.copy()
        width_px = max(1, round(width_px * self._height_px / height_px))
        return np.asarray(cv2.resize(frame_HWC, (width_px, self._height_px), interpolation=cv2.INTER_AREA), np.uint8)
