"""Texts of the last seconds of a video while it comes: one at a time, in a thread of their own."""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from services.base.errors import BadConfig, VisemillError
from services.base.media.video import FrameChunk

WINDOW_S = 3.0
"""Of video that an interim text is read in: it holds a phrase, and as many frames are kept of a stream."""


@dataclass(frozen=True)
class Window:
    """frames: from its first one on. from_s, until_s: of video, from the first frame of the stream."""

    frames: FrameChunk
    from_s: float
    until_s: float


class Interim:
    """Reads a window each interim_s of video; where the last one is still being read, none is begun.

    read: window -> its text; it may raise VisemillError, of which nothing is told: the whole will say it. say: takes a
    window and its text, in another thread.
    """

    def __init__(self, interim_s: float, read: Callable[[Window], str], say: Callable[[Window, str], None]) -> None:
        """Raises BadConfig BAD_SETTING."""
        if not 0 < interim_s <= 3600:
            raise BadConfig("BAD_SETTING", f"interim_s must be above 0 and at most 3600, or 0 for none: {interim_s}")
        self._interim_s, self._read, self._say = interim_s, read, say
        self._kept: deque[tuple[float, np.ndarray]] = deque()
        self._first_s: float | None = None
        self._due_s = interim_s
        self._thread = ThreadPoolExecutor(1, "interim")
        self._under_way: Future[None] | None = None
        # The call that is served is known by the thread that serves it.
        self._context = contextvars.copy_context()

    def over(self, chunks: Iterator[FrameChunk]) -> Iterator[FrameChunk]:
        """The chunks as they come, of which texts are told meanwhile."""
        for chunk in chunks:
            yield chunk
            self._add(chunk)

    def close(self) -> None:
        """Waits for the text that is being read."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _add(self, chunk: FrameChunk) -> None:
        for time_s, frame_HWC in zip(chunk.pts_s.tolist(), chunk.frames_THWC, strict=True):
            self._first_s = time_s if self._first_s is None else self._first_s
            self._kept.append((time_s - self._first_s, frame_HWC))
            while self._kept[-1][0] - self._kept[0][0] > WINDOW_S:
                self._kept.popleft()
        newest_s = self._kept[-1][0]
        if newest_s < self._due_s:
            return
        self._due_s = (newest_s // self._interim_s + 1) * self._interim_s
        if self._under_way is None or self._under_way.done():
            times_s = np.array([time_s for time_s, _ in self._kept])
            frames = FrameChunk(0, np.stack([frame_HWC for _, frame_HWC in self._kept]), times_s)
            window = Window(frames, float(times_s[0]), float(times_s[-1]))
            self._under_way = self._thread.submit(self._context.run, self._tell, window)

    def _tell(self, window: Window) -> None:
        try:
            text = self._read(window)
        except VisemillError:
            return
        self._say(window, text)
