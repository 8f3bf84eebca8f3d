"""How the lipreading stage handles one clip: its frames and the points of its face in, what the mouth said out."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from services.base.errors import BadConfig, BadInput
from services.base.media.arrays import UInt8Array
from services.base.media.points import Landmarks
from services.base.media.video import FrameChunk, VideoInfo
from services.base.stage.spec import ClipConsumer, ClipJob, Consumer
from services.base.stage.stream import ONLY_FRAMES
from services.containers.sampling import sampled
from services.geometry.mouth_window import profile_named
from services.lipreading.attending import AttendingReader
from services.lipreading.bundle_files import Bundle, bundle_here, open_bundle
from services.lipreading.by_ctc import CtcReader
from services.lipreading.spec import LipreadingConfig
from services.lips.bundle import CARD_FILE
from services.lips.crops import crop_clip
from services.lips.recognition import is_mouth
from services.lips.transcript import Transcript


def open_stage(config: LipreadingConfig) -> Consumer:
    """Loads the bundle and the language model once. Raises BadConfig BUNDLE_MISSING, BUNDLE_DAMAGED, OTHER_PROFILE,
    BAD_SETTING, and as `open_lm`; with a Triton server also what it refuses, and Transient.
    """
    with bundle_here(config) as local:
        return _open_stage(local)


def _open_stage(config: LipreadingConfig) -> Consumer:
    bundle = open_bundle(config)
    name = bundle.card.mouth["name"]
    try:
        same = dataclasses.asdict(profile_named(name)) == dict(bundle.card.mouth)
    except ValueError:
        same = False
    if not same:
        raise BadConfig(
            "OTHER_PROFILE",
            f"{CARD_FILE} crops mouths by {dict(bundle.card.mouth)}, and no profile here is so: read it with "
            "the release that exported it",
        )
    reads: Reads = AttendingReader(bundle, config) if bundle.card.kind == "attention" else CtcReader(bundle, config)

    def consumer(job: ClipJob, info: VideoInfo | None) -> ClipConsumer:
        del info
        return ReadingOfClip(bundle, reads, config, job.clip.key)

    return consumer


Reads = Callable[[UInt8Array, str, bool], Transcript]
"""(uint8 [T, height, width, 3], crops of a mouth; name of the clip, for messages; whether the frames were mouths
already) -> what is read. Raises BadInput and Transient.
"""


class ReadingOfClip:
    """One clip. name: for messages."""

    wants = ONLY_FRAMES

    def __init__(self, bundle: Bundle, reads: Reads, config: LipreadingConfig, name: str) -> None:
        self._bundle, self._reads, self._config, self._name = bundle, reads, config, name
        self._frames: list[UInt8Array] = []
        self._times_s: list[float] = []

    def push(self, chunk: FrameChunk) -> None:
        """Raises BadInput TOO_MANY_FRAMES, FRAME_SIZE_CHANGED, NOT_A_MOUTH."""
        card, shape = self._bundle.card, chunk.frames_THWC.shape[1:3]
        if self._config.cropped and shape != (card.height_px, card.width_px):
            raise BadInput(
                "NOT_A_MOUTH",
                f"{self._name}: frames are {shape[1]}x{shape[0]} px, and cropped mouths of this bundle are "
                f"{card.width_px}x{card.height_px}: scale them, or leave out cropped",
            )
        if self._frames and self._frames[0].shape[:2] != shape:
            raise BadInput("FRAME_SIZE_CHANGED", f"{self._name}: frames change size: encode the clip at one size")
        if len(self._times_s) + len(chunk) > self._config.max_frames:
            raise self._too_long()
        self._frames += [_made_grey(one) for one in chunk.frames_THWC] if card.grey else list(chunk.frames_THWC)
        self._times_s += chunk.pts_s.tolist()

    def finish(self, given: Mapping[str, Any]) -> Transcript:
        """given: "landmarks". Raises BadInput NO_FRAMES, NO_FACE, TOO_MANY_FRAMES, and as the network does."""
        if not self._frames:
            raise BadInput("NO_FRAMES", f"{self._name}: not one frame came; check that it is a video")
        landmarks = given.get("landmarks")
        return self._reads(self.mouths(landmarks), self._name, self.is_cropped(landmarks))

    def is_cropped(self, landmarks: Landmarks | None) -> bool:
        """Whether the frames are mouths already, as was said or as they show."""
        if self._config.cropped or landmarks is None:
            return True
        card, (height_px, width_px) = self._bundle.card, self._frames[0].shape[:2]
        has_face = bool(landmarks.present_T.any())
        return is_mouth((height_px, width_px), (card.height_px, card.width_px), has_face=has_face)

    def mouths(self, landmarks: Landmarks | None) -> UInt8Array:
        """uint8 [T, height, width, 3], at the bundle's rate: the crops that records of the clip would have."""
        card = self._bundle.card
        kept = places_at(self._times_s, card.fps, self._config.max_frames + 1)
        if len(kept) > self._config.max_frames:
            raise self._too_long()
        frames_THWC = np.stack([self._frames[i] for i in kept])
        if self.is_cropped(landmarks):
            return _of_size(frames_THWC, card.height_px, card.width_px)
        assert landmarks is not None
        own = dataclasses.replace(
            landmarks,
            points_TNC=landmarks.points_TNC[kept],
            score_T=landmarks.score_T[kept],
            source_T=landmarks.source_T[kept],
        )
        crops_THWC = np.empty((len(kept), card.height_px, card.width_px, 3), np.uint8)
        crop_clip(profile_named(card.mouth["name"]), frames_THWC, own, crops_THWC)
        return crops_THWC

    def _too_long(self) -> BadInput:
        return BadInput(
            "TOO_MANY_FRAMES",
            f"{self._name}: more than {self._config.max_frames} frames: cut the clip, or raise max_frames",
        )


def places_at(times_s: Sequence[float], fps: float, most: int) -> list[int]:
    """Indices of the frames that stand for 0, 1, 2, ... periods after the first, at most so many; one may stand for
    several.
    """
    return [i for i, _ in itertools.islice(sampled(enumerate(times_s), "steady", fps), most)]


def _made_grey(frame_HWC: UInt8Array) -> UInt8Array:
    """As records of grey pictures have it, three times."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(frame_HWC, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def _of_size(frames_THWC: UInt8Array, height_px: int, width_px: int) -> UInt8Array:
    if frames_THWC.shape[1:3] == (height_px, width_px):
        return frames_THWC
    size = (width_px, height_px)
    return np.stack([cv2.resize(frame_HWC, size, interpolation=cv2.INTER_AREA) for frame_HWC in frames_THWC])
