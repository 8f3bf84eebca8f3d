"""Frames of one clip, its landmarks and its alignment in; one tf.train.Example with its quality facts out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from services.base.errors import BadInput
from services.base.media.arrays import UInt8Array
from services.base.media.clip import Clip
from services.base.media.pictures import is_picture_folder
from services.base.media.video import FrameChunk, VideoInfo
from services.base.stage.product import Product, ProductFile
from services.base.stage.spec import ClipJob
from services.base.stage.stream import ONLY_FRAMES
from services.formats.align import Align, parse_align
from services.formats.example import encode_example
from services.geometry.mouth_window import CHANNELS, FixedScale, profile_named
from services.lips.crops import crop_clip
from services.records.frame_quality import FrameMeter
from services.records.grid.labels import Label, encode_words
from services.records.grid.quality import FLAGS, SERIOUS, ClipFindings, clip_quality, flags_of
from services.records.grid.spec import RecordsConfig
from services.records.judging import judged
from services.records.kept_frames import KeptFrames

_EXAMPLE = "application/x-protobuf; messageType=tensorflow.Example"
# Pictures of mouths that others have cropped are of 50 px (LipNet's) or 80 px (VIPL's).
_LEAST_HEIGHT_PX = 96


def open_stage(config: RecordsConfig) -> Callable[[ClipJob, VideoInfo | None], RecordWork]:
    """The stage for one process. It processes one clip at a time: a second begins only when the first has finished."""
    frames = KeptFrames(config.max_frames)

    def begin(job: ClipJob, info: VideoInfo | None) -> RecordWork:
        frames.begin()
        return RecordWork(config, frames, job, info)

    return begin


class RecordWork:
    """One clip on its way to a record. Raises BadInput BAD_ALIGN or NO_ALIGN at once, before anything is decoded."""

    wants = ONLY_FRAMES

    def __init__(self, config: RecordsConfig, frames: KeptFrames, job: ClipJob, info: VideoInfo | None) -> None:
        self._config = config
        self._frames = frames
        self._clip = job.clip
        self._info = info
        self._meter = FrameMeter()
        if "align" not in job.extras:
            raise BadInput("NO_ALIGN", f"{job.clip.key} has no alignment: a label is made from one")
        self._align: Align = parse_align(job.extras["align"])

    def push(self, chunk: FrameChunk) -> None:
        self._meter.push(self._frames.add(chunk.frames_THWC))

    def finish(self, given: Mapping[str, Any]) -> Product:
        """given: "landmarks", and "info" and "facts" where something was decoded. Raises BadInput."""
        profile = profile_named(self._config.profile)
        frames_THWC = self._frames.frames_THWC
        crops_THWC = np.empty((self._config.max_frames, profile.height_px, profile.width_px, CHANNELS), np.uint8)
        crops_THWC[len(frames_THWC) :] = 0
        if isinstance(profile, FixedScale):
            self._refuse_mouths(frames_THWC)
        try:
            crops = crop_clip(profile, frames_THWC, given["landmarks"], crops_THWC)
        except BadInput as error:
            raise self._with_hint(error, frames_THWC) from error
        label = encode_words(self._align.words, self._config.max_text_len)
        found = ClipFindings(
            self._clip.utterance_id,
            self._config.max_frames,
            self._meter.facts(),
            given["landmarks"],
            crops,
            self._align,
            label,
            given.get("info") or self._info,
            given.get("facts"),
            profile.by_time,
            rate_is_assumed=is_picture_folder(self._clip.media),
        )
        quality = clip_quality(found)
        flags = judged(flags_of(quality), self._config.quality_policy, SERIOUS, FLAGS)
        record = record_bytes(self._clip, crops_THWC, found.num_frames, label)
        return Product((ProductFile.of("example.pb", record, _EXAMPLE),), quality, flags)

    def _refuse_mouths(self, frames_THWC: UInt8Array) -> None:
        """A detector takes a mouth for a face now and then, so mouths are known by their size: 100x50 or 160x80 px."""
        if is_picture_folder(self._clip.media) and 0 < frames_THWC.shape[1] < _LEAST_HEIGHT_PX and len(frames_THWC):
            message = f"pictures under {_LEAST_HEIGHT_PX} px high show no whole face"
            raise self._with_hint(BadInput("NO_FACE", message), frames_THWC)

    def _with_hint(self, error: BadInput, frames_THWC: UInt8Array) -> BadInput:
        """A folder of pictures without a face is one of mouths more often than not."""
        if error.reason != "NO_FACE" or not is_picture_folder(self._clip.media):
            return error
        height_px, width_px = frames_THWC.shape[1:3]
        hint = (
            f"; if these pictures of {width_px}x{height_px} px are mouths that were cropped before, they are made for "
            "training and not for cropping: give the videos, or pictures of the whole frame"
        )
        return BadInput(error.reason, error.message + hint, error.detail)


def record_bytes(clip: Clip, crops_THWC: UInt8Array, num_frames: int, label: Label) -> bytes:
    """The serialized tf.train.Example that LipTypeV2 readers expect. crops_THWC: uint8, padded to full length."""
    t, h, w, c = crops_THWC.shape
    return encode_example(
        {
            "frames": np.ascontiguousarray(crops_THWC).data,
            "t": t,
            "h": h,
            "w": w,
            "c": c,
            "label": label.ids,
            "label_len": label.length,
            "input_len": num_frames,
            "utterance_id": clip.utterance_id.encode(),
            "speaker_id": clip.speaker_id.encode(),
        }
    )
