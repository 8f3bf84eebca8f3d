"""How much of a clip has been decoded, told from what came out and from no header. Pure."""

from __future__ import annotations

import math

from services.base.media.audio import AudioChunk
from services.base.media.video import FrameChunk


class Progress:
    """How much of a clip there is, told from its frames or samples and from no header. One frame proves a second at
    most.
    """

    def __init__(self) -> None:
        self._first_s: float | None = None
        self._last_s = 0.0
        self._num_frames = 0
        self._sound_s = 0.0

    def add(self, chunk: FrameChunk | AudioChunk) -> float:
        """Seconds of media so far."""
        if not len(chunk):
            return 0.0
        if isinstance(chunk, AudioChunk):
            self._sound_s = max(self._sound_s, chunk.end_s - chunk.start_s)
            return max(self._sound_s, self._frames_s())
        if self._first_s is None:
            self._first_s = float(chunk.pts_s[0])
        self._last_s = max(self._last_s, float(chunk.pts_s[-1]))
        self._num_frames += len(chunk)
        return max(self._sound_s, self._frames_s())

    def frames(self, claimed_s: float) -> tuple[int, int]:
        """(frames so far, in all if there are claimed_s of them at the rate of those so far; 0: nobody can say)."""
        lasted_s = self._last_s - (self._first_s or 0.0)
        if self._num_frames < 2 or lasted_s <= 0 or not 0 < claimed_s < math.inf:
            return self._num_frames, 0
        return self._num_frames, max(self._num_frames, round((self._num_frames - 1) / lasted_s * claimed_s))

    def _frames_s(self) -> float:
        return min(max(0.0, self._last_s - (self._first_s or 0.0)), float(self._num_frames))
