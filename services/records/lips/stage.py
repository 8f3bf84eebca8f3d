"""Frames of one clip, and its landmarks where they are of a face, in; grey mouths in one tf.train.Example out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np

from services.base.errors import BadInput
from services.base.media.arrays import UInt8Array
from services.base.media.clip import Clip
from services.base.media.points import Landmarks
from services.base.media.video import FrameChunk, VideoInfo
from services.base.stage.product import Product, ProductFile
from services.base.stage.spec import ClipJob
from services.base.stage.stream import ONLY_FRAMES
from services.formats.example import encode_example
from services.geometry.mouth_window import profile_named
from services.lips.crops import Crops, crop_clip
from services.lips.recognition import is_mouth
from services.records.frame_quality import FrameMeter
from services.records.judging import judged
from services.records.kept_frames import KeptFrames
from services.records.lips.quality import FLAGS, SERIOUS, clip_quality, flags_of
from services.records.lips.spec import LipsFilesConfig

_EXAMPLE = "application/x-protobuf; messageType=tensorflow.Example"


def open_stage(config: LipsFilesConfig) -> Callable[[ClipJob, VideoInfo | None], LipsWork]:
    """The stage for one process. It processes one clip at a time: a second begins only when the first has finished."""
    frames = KeptFrames(config.max_frames)

    def begin(job: ClipJob, info: VideoInfo | None) -> LipsWork:
        frames.begin()
        return LipsWork(config, frames, job, info)

    return begin


class LipsWork:
    """One clip on its way to a record. Raises BadInput NO_TEXT at once, before anything is decoded."""

    wants = ONLY_FRAMES

    def __init__(self, config: LipsFilesConfig, frames: KeptFrames, job: ClipJob, info: VideoInfo | None) -> None:
        self._config, self._frames, self._clip, self._info = config, frames, job.clip, info
        self._meter = FrameMeter()
        self._num_frames = 0
        if not job.clip.attributes.text:
            raise BadInput("NO_TEXT", f"{job.clip.key} has no text: a lipreader learns from one")

    def push(self, chunk: FrameChunk) -> None:
        """Raises BadInput TOO_MANY_FRAMES, FRAME_SIZE_CHANGED."""
        self._num_frames += len(chunk)
        if self._num_frames > self._config.max_frames:
            # A record that is cut has a text that it does not show.
            raise BadInput(
                "TOO_MANY_FRAMES",
                f"{self._clip.key} has more than {self._config.max_frames} frames: cut the clip, or raise --max-frames",
            )
        self._meter.push(chunk.frames_THWC)
        # Colour tells a lipreader nothing here, and takes three times the room.
        self._frames.add(
            np.stack([cv2.cvtColor(one_HWC, cv2.COLOR_RGB2GRAY) for one_HWC in chunk.frames_THWC])[..., None]
        )

    def finish(self, given: Mapping[str, Any]) -> Product:
        """given: "landmarks" of faces, and "info" and "facts" where something was decoded. Raises BadInput NO_FACE,
        NO_FRAMES, NOT_A_MOUTH, IS_A_MOUTH.
        """
        landmarks: Landmarks | None = given.get("landmarks")
        mouths_THWC, crops = self._mouths(landmarks)
        quality = clip_quality(
            self._meter.facts(), crops, landmarks, given.get("info") or self._info, given.get("facts")
        )
        quality["num_characters"] = len(self._clip.attributes.text)
        flags = judged(flags_of(quality), self._config.quality_policy, SERIOUS, FLAGS)
        record = record_bytes(self._clip, mouths_THWC)
        return Product((ProductFile.of("example.pb", record, _EXAMPLE),), quality, flags)

    def _mouths(self, landmarks: Landmarks | None) -> tuple[UInt8Array, Crops | None]:
        """uint8 [T, height_px, width_px, 1]."""
        profile, frames_THWC = profile_named(self._config.profile), self._frames.frames_THWC
        size, crop = (frames_THWC.shape[1], frames_THWC.shape[2]), (profile.height_px, profile.width_px)
        out_THWC = np.empty((len(frames_THWC), *crop, 1), np.uint8)
        if self._config.source == "processed":
            if not is_mouth(size, crop, has_face=False):
                raise BadInput(
                    "NOT_A_MOUTH",
                    f"{self._clip.key}: frames of {size[1]}x{size[0]} px are no mouths, which are of "
                    f"{crop[1]}x{crop[0]} px: take --source face, or give the processed videos",
                )
            for frame_HWC, own_HWC in zip(frames_THWC, out_THWC, strict=True):
                cv2.resize(frame_HWC, crop[::-1], own_HWC, interpolation=cv2.INTER_AREA)
            return out_THWC, None
        if landmarks is None:
            raise ValueError("mouths are cut from faces by landmarks: put the stage landmarks before lipsfiles")
        if size == crop:
            raise BadInput(
                "IS_A_MOUTH",
                f"{self._clip.key}: frames of {size[1]}x{size[0]} px are mouths already: take --source processed",
            )
        return out_THWC, crop_clip(profile, frames_THWC, landmarks, out_THWC)


def record_bytes(clip: Clip, mouths_THWC: UInt8Array) -> bytes:
    """The serialized tf.train.Example: frames and their shape, ids, and the text as UTF-8. mouths_THWC: uint8, of one
    channel.
    """
    t, h, w, c = mouths_THWC.shape
    return encode_example(
        {
            "frames": np.ascontiguousarray(mouths_THWC).data,
            "t": t,
            "h": h,
            "w": w,
            "c": c,
            # Of no alphabet: what is said is in `text`.
            "label": [],
            "label_len": 0,
            "input_len": t,
            "utterance_id": clip.utterance_id.encode(),
            "speaker_id": clip.speaker_id.encode(),
            "text": clip.attributes.text.encode(),
        }
    )
