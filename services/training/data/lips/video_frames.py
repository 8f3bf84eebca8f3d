"""I/O: frames of clips that lie as videos in a data set."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.base.errors import BadInput
from services.base.media.clip import Media
from services.base.store.interface import ReadableStore
from services.training.data.lips.clips import LipsClip
from services.training.data.lips.reading import Reading, Unreadable
from services.training.data.lips.videos import frames_of


class VideoFrames:
    """Decoded whenever they are asked for. Thread-safe."""

    def __init__(self, data: ReadableStore, reading: Reading, unreadable: Unreadable) -> None:
        self._data, self._reading, self._unreadable = data, reading, unreadable

    def __call__(self, clip: LipsClip) -> npt.NDArray[np.uint8]:
        """uint8 [T, H, W]. Raises BadInput for a video that cannot be decoded, or is not the one that was indexed;
        Transient.
        """
        media = Media.of_bytes(clip.name, self._data.read(clip.name))
        if media.sha256 != clip.sha256:
            raise BadInput("VIDEO_CHANGED", f"{clip.name} is not the file that was indexed: restore it")
        try:
            return frames_of(media, self._reading)
        except BadInput:
            if self._unreadable == "drop":
                raise
            reading = self._reading
            num_frames = min(clip.num_frames, reading.max_frames)
            return np.zeros((num_frames, reading.height_px, reading.width_px), np.uint8)
