"""How the features stage handles one clip: frames in, a vector for each out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from services.base.errors import BadInput
from services.base.media.arrays import UInt8Array
from services.base.media.features import Features
from services.base.media.video import FrameChunk, VideoInfo
from services.base.stage.clip_pass import Pause
from services.base.stage.spec import ClipJob
from services.base.stage.stream import ONLY_FRAMES
from services.features import ops
from services.features.batching.in_flight import BatchesOfClip, Departures, Fitted, request_size
from services.features.networks import network_named
from services.features.opening import open_model
from services.features.spec import FeaturesConfig


def open_stage(config: FeaturesConfig) -> FeaturesStage:
    """Loads the network once. Raises BadConfig as `backend.open_model` does."""
    model = open_model(config)
    size = request_size(config.batch_size, model.num_in_flight)
    return FeaturesStage(Departures(Fitted(model, size), size), network_named(config.model).side_px)


class FeaturesStage:
    """The opened stage (services.base.stage.spec.Consumer). Clips may run side by side."""

    def __init__(self, departures: Departures, side_px: int) -> None:
        """side_px: of the frames that the network takes."""
        self._departures = departures
        self._side_px = side_px
        self.waits_at_end = departures.are_far

    def __call__(self, job: ClipJob, info: VideoInfo | None) -> FeaturesOfClip:
        del info
        return FeaturesOfClip(self._departures, job.clip.key, self._side_px)


class FeaturesOfClip:
    """One clip. Frames are stretched as they come, so that small ones are held, however large theirs.

    Batches are cut by counting the clip's frames: the composition is a function of the clip, not of its chunks.
    """

    wants = ONLY_FRAMES

    def __init__(self, departures: Departures, name: str, side_px: int = ops.INPUT_PX) -> None:
        self._side_px = side_px
        self._computer, self._batch_size, self._name = departures.computer, departures.batch_size, name
        self._waiting: list[UInt8Array] = []
        self._batches = BatchesOfClip(departures, name)
        self._times: list[np.ndarray] = []
        self._size_px = (0, 0)

    def push(self, chunk: FrameChunk) -> None:
        """Raises BadInput when the frames change size, or a single frame does not fit into memory."""
        self._check_size(chunk)
        self._times.append(chunk.pts_s)
        for frame_HWC in chunk.frames_THWC:
            self._waiting.append(ops.stretched(frame_HWC[None], self._side_px)[0])
            if len(self._waiting) == self._batch_size:
                self._send()

    def awaited(self) -> Iterator[Pause]:
        """Sends the last frames; the answers that `finish` would wait for."""
        if self._waiting:
            self._send()
        yield from self._batches.awaited()

    def finish(self, given: Mapping[str, Any]) -> Features:
        """The clip's vectors. Raises BadInput when there was no frame."""
        del given
        if not any(map(len, self._times)):
            raise BadInput("NO_FRAMES", f"{self._name}: not one frame came; check that it is a video")
        if self._waiting:
            self._send()
        vectors_TD = self._batches.answers()
        times_T = np.concatenate(self._times)
        return Features(self._computer.name, self._computer.weights, vectors_TD, times_T, self._batches.num_splits)

    def _send(self) -> None:
        batch_NHWC, self._waiting = np.stack(self._waiting), []
        self._batches.send(batch_NHWC)

    def _check_size(self, chunk: FrameChunk) -> None:
        height_px, width_px = chunk.frames_THWC.shape[1:3]
        if self._times and (width_px, height_px) != self._size_px:
            was = "x".join(map(str, self._size_px))
            raise BadInput(
                "FRAME_SIZE_CHANGED",
                f"{self._name}: frame {chunk.first_index} is {width_px}x{height_px} px after frames of {was} px; "
                "a clip's frames must be of one size: re-encode it, or cut it where the size changes",
            )
        self._size_px = (width_px, height_px)
