"""Frames of one clip as picture files, encoded in threads while the next ones are decoded and looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import cv2

from services.base.errors import BadInput
from services.base.media.arrays import UInt8Array
from services.base.media.video import FrameChunk
from services.base.stage.product import ProductFile
from services.formats.png import png_of_photograph
from services.records.talker.names import frame_file
from services.records.talker.spec import JPEG_QUALITY, FrameFormat

_MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg"}


def jpeg_of(frame_HWC: UInt8Array) -> bytes:
    """frame_HWC: uint8 RGB."""
    frame_bgr_HWC = cv2.cvtColor(frame_HWC, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", frame_bgr_HWC, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return encoded.tobytes()


class FrameFiles:
    """One clip: push its chunks in order; no more than two of them are held."""

    def __init__(self, frame_format: FrameFormat, threads: ThreadPoolExecutor) -> None:
        self._format, self._threads = frame_format, threads
        self._encode: Callable[[UInt8Array], bytes] = png_of_photograph if frame_format == "png" else jpeg_of
        self._waiting: deque[Future[bytes]] = deque()
        self._size: tuple[int, ...] | None = None
        self._num_given = self._num_last = 0

    @property
    def num_frames(self) -> int:
        """Those pushed."""
        return self._num_given + len(self._waiting)

    def push(self, chunk: FrameChunk) -> None:
        """Raises BadInput FRAME_SIZE_CHANGED."""
        size = chunk.frames_THWC.shape[1:3]
        if self._size is not None and size != self._size:
            raise BadInput(
                "FRAME_SIZE_CHANGED",
                f"frame {self.num_frames} is {size[1]}x{size[0]} px, the ones before are "
                f"{self._size[1]}x{self._size[0]}: encode the video again at one size",
            )
        self._size = size
        self._waiting += [self._threads.submit(self._encode, frame_HWC) for frame_HWC in chunk.frames_THWC]
        self._num_last = len(chunk)

    def so_far(self) -> Iterator[ProductFile]:
        """Those of all chunks but the last one, and of this those that are encoded already; each once, in order."""
        while len(self._waiting) > self._num_last or (self._waiting and self._waiting[0].done()):
            yield self._next()

    def rest(self) -> Iterator[ProductFile]:
        """All others."""
        while self._waiting:
            yield self._next()

    def _next(self) -> ProductFile:
        data = self._waiting.popleft().result()
        self._num_given += 1
        name = frame_file(self._num_given - 1, self._format)
        return ProductFile.of(name, data, _MEDIA_TYPES[self._format])
