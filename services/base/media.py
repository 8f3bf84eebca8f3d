"""Value types that cross stages: a clip, its media, frames, landmarks. Frozen, and valid once they exist."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.base.topology import topology

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]

# Of a clip's holes so many are listed.
MAX_HOLES = 100


@dataclass(frozen=True)
class Clip:
    """One sample of a data set.

    key: unique in the data set, `speaker/stem` or the path below the root; what shards and reports go by.
    utterance_id, speaker_id: what the field's tools expect inside a record; the utterance id need not be unique.
    media: path of the media below the input root, `/`-separated. extras: other inputs by role, e.g. {"align": path}.
    """

    key: str
    utterance_id: str
    speaker_id: str
    media: str
    split: str = "train"
    extras: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("key", "utterance_id", "media", "split"):
            if not getattr(self, name):
                raise ValueError(f"a clip's {name} must not be empty: {self!r}")


@dataclass(frozen=True)
class Media:
    """Encoded media as read: in memory, or a local file when it is large. Exactly one of data and path is set.

    sha256: hex digest of the encoded bytes. name: for messages only.
    """

    name: str
    sha256: str
    size_bytes: int
    data: bytes | None = None
    path: Path | None = None

    def __post_init__(self) -> None:
        if (self.data is None) == (self.path is None):
            raise ValueError(f"media {self.name!r} needs exactly one of data and path")

    @classmethod
    def of_bytes(cls, name: str, data: bytes) -> Media:
        return cls(name, hashlib.sha256(data).hexdigest(), len(data), data=data)

    @classmethod
    def of_file(cls, path: Path, name: str = "") -> Media:
        """Hashes the file by reading it once, in pieces. Raises OSError."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size_bytes = file.tell()
        return cls(name or path.name, digest, size_bytes, path=path)


@dataclass(frozen=True)
class VideoInfo:
    """What the container says, after rotation has been applied: width and height are those of the frames delivered.

    rotation_deg: clockwise turn that was applied, one of 0, 90, 180, 270. fps_hz: average rate, 0.0 if unknown.
    num_frames_declared, duration_s: as declared, 0 if the container does not say; nothing may rest on them.
    pixel_aspect: width to height of a coded pixel, as "64:45"; the frames delivered have square ones.
    stream_index, num_video_streams: which stream was taken, out of how many with moving pictures.
    """

    width_px: int
    height_px: int
    rotation_deg: int
    fps_hz: float
    num_frames_declared: int
    duration_s: float
    codec: str
    pixel_format: str
    pixel_aspect: str = "1:1"
    stream_index: int = 0
    num_video_streams: int = 1

    def __post_init__(self) -> None:
        if self.width_px < 1 or self.height_px < 1:
            raise ValueError(f"a video must be at least 1x1 px, not {self.width_px}x{self.height_px}")
        if self.rotation_deg not in (0, 90, 180, 270):
            raise ValueError(f"rotation_deg must be 0, 90, 180 or 270, not {self.rotation_deg}")


@dataclass(frozen=True)
class FrameChunk:
    """Consecutive frames. frames_THWC: uint8 RGB; pts_s: float64 [T], exact presentation times; first_index: of
    frames_THWC[0].
    """

    first_index: int
    frames_THWC: UInt8Array
    pts_s: Float64Array

    def __post_init__(self) -> None:
        if self.frames_THWC.dtype != np.uint8 or self.frames_THWC.ndim != 4 or self.frames_THWC.shape[3] != 3:
            raise ValueError(f"frames must be uint8 [T,H,W,3], not {self.frames_THWC.dtype} {self.frames_THWC.shape}")
        if self.pts_s.shape != (len(self.frames_THWC),):
            raise ValueError(f"pts_s must be [{len(self.frames_THWC)}], not {self.pts_s.shape}")

    def __len__(self) -> int:
        return len(self.frames_THWC)


class TimeHole(NamedTuple):
    """Frames are missing in mid-clip, or before the first one. at_s: where it begins, from the first frame, so below 0
    where the recording begins before it. length_s: to the next frame.
    """

    at_s: float
    length_s: float


@dataclass(frozen=True)
class DecodeFacts:
    """What the decoder had to say once the last frame was out; never an error, always reported.

    num_frames: delivered. num_corrupt: frames that the decoder or the demuxer flagged, or that were concealed.
    num_duplicate_pts: frames whose written time does not exceed the one before; they were given a later one. truncated:
    the limit on frames stopped it, not the end.
    ended_early: the stream broke off with an error after at least one frame, or bytes in the file were skipped that are
    none of its kind. warnings: the decoder's own lines, deduplicated, bounded.
    num_decoded: frames that left the decoder, delivered or not. num_lost: frames before the first key frame, which
    cannot be decoded, those of further recordings in a file whose kind ends with the first, and in a damaged clip those
    whose packets the decoder gave no frame for or never got. num_derived_pts: frames
    whose time is not a written presentation time. num_restarts: places where the times begin anew; what follows was put
    behind what came before.
    rate_hz, duration_s: measured from the times of all decoded frames (as declared where that is within a hundredth);
    0 if unknown. longest_step_s: the longest time between two decoded frames.
    num_held: times that a frame was delivered once more, where there was none of its own. num_hidden: packets that the
    container says are not to be shown. num_interlaced: frames of two fields. holes: where frames are missing in
    mid-clip, the first MAX_HOLES.
    frames_sha256: hex digest of the decoded pictures in order, at their coded size: the same for the same stream in
    another container; empty if unknown.
    """

    num_frames: int
    num_corrupt: int = 0
    num_duplicate_pts: int = 0
    truncated: bool = False
    ended_early: bool = False
    warnings: tuple[str, ...] = ()
    num_decoded: int = 0
    num_lost: int = 0
    num_derived_pts: int = 0
    num_restarts: int = 0
    rate_hz: float = 0.0
    duration_s: float = 0.0
    longest_step_s: float = 0.0
    num_held: int = 0
    num_hidden: int = 0
    num_interlaced: int = 0
    holes: tuple[TimeHole, ...] = ()
    frames_sha256: str = ""


# A step that is longer than this many usual ones is a hole: nothing was recorded.
HOLE_STEPS = 4.0


def rate_of(pts_s_T: Float64Array) -> float:
    """Frames a second: how many steps of time there are over what they last, holes left out; 0.0 for fewer than two.

    pts_s_T: float64 [T], rising. Steps of 80, 40 and 80 ms in turn are a rate of 15 Hz.
    """
    steps_s = np.diff(pts_s_T)
    steps_s = steps_s[steps_s > 0]
    if not len(steps_s):
        return 0.0
    steps_s = steps_s[steps_s <= HOLE_STEPS * np.median(steps_s)]
    return float(len(steps_s) / steps_s.sum())


class PointSource(IntEnum):
    """How a frame's points were obtained."""

    MISSING = 0
    DETECTED = 1
    TRACKED = 2
    INTERPOLATED = 3


@dataclass(frozen=True)
class Landmarks:
    """Points of one face through a clip.

    points_TNC: float32 [T, N, 2], (x, y) in pixels of the delivered frame; NaN where the frame is MISSING.
    score_T: float32 [T], the detector's confidence in its own scale, 0 where missing. source_T: uint8 [T], PointSource
    values.
    """

    topology: str
    points_TNC: Float32Array
    score_T: Float32Array
    source_T: UInt8Array
    width_px: int
    height_px: int

    def __post_init__(self) -> None:
        num_frames = len(self.points_TNC)
        expected = (num_frames, topology(self.topology).num_points, 2)
        if self.points_TNC.dtype != np.float32 or self.points_TNC.shape != expected:
            raise ValueError(
                f"points of {self.topology} must be float32 {expected}, "
                f"not {self.points_TNC.dtype} {self.points_TNC.shape}"
            )
        if self.score_T.dtype != np.float32 or self.score_T.shape != (num_frames,):
            raise ValueError(f"score_T must be float32 [{num_frames}], not {self.score_T.dtype} {self.score_T.shape}")
        if self.source_T.dtype != np.uint8 or self.source_T.shape != (num_frames,):
            raise ValueError(f"source_T must be uint8 [{num_frames}], not {self.source_T.dtype} {self.source_T.shape}")

    @property
    def present_T(self) -> npt.NDArray[np.bool_]:
        return np.not_equal(self.source_T, PointSource.MISSING)

    def group(self, name: str) -> Float32Array:
        """Points of a named group, float32 [T, n, 2]. Raises KeyError."""
        return self.points_TNC[:, list(topology(self.topology).group(name))]


@dataclass(frozen=True)
class Keypoints:
    """Body, hand and face points of the person in each kept frame, as the models gave them: nothing filled or clamped.

    layout: name of the numbering, see services/landmarks/holistic/layout.py. xy_TNC: float32 [T, N, 2], (x, y) over the
    frame's width and height; 0 where absent. confidence_TN: float32 [T, N] in 0..1: a point's own where the model gives
    one (pose), else that of its hand or face in the frame; 0 where absent. present_TN: bool [T, N], the model gave the
    point. pts_s_T: float64 [T], presentation times. width_px, height_px: of the frames. starts_T: bool [T], from this
    frame on it is another scene, or another person.
    """

    layout: str
    xy_TNC: Float32Array
    confidence_TN: Float32Array
    present_TN: npt.NDArray[np.bool_]
    pts_s_T: Float64Array
    width_px: int
    height_px: int
    starts_T: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.xy_TNC.ndim != 3 or self.xy_TNC.shape[2] != 2 or self.xy_TNC.dtype != np.float32:
            raise ValueError(f"xy_TNC must be float32 [T,N,2], not {self.xy_TNC.dtype} {self.xy_TNC.shape}")
        expected = self.xy_TNC.shape[:2]
        if self.confidence_TN.shape != expected or self.present_TN.shape != expected:
            raise ValueError(
                f"confidence and presence must be {expected}, not {self.confidence_TN.shape}, {self.present_TN.shape}"
            )
        if self.pts_s_T.shape != expected[:1] or self.starts_T.shape != expected[:1]:
            raise ValueError(
                f"pts_s_T and starts_T must be [{expected[0]}], not {self.pts_s_T.shape}, {self.starts_T.shape}"
            )


@dataclass(frozen=True)
class Features:
    """Feature vectors of the kept frames.

    model: name, weights: how it got its weights (a digest, or "seeded:0"). vectors_TD: float32 [T, D].
    pts_s_T: float64 [T], presentation times.
    num_split_batches: batches that a lack of memory broke; with 0 their composition is a function of the clip alone.
    """

    model: str
    weights: str
    vectors_TD: Float32Array
    pts_s_T: Float64Array
    num_split_batches: int = 0

    def __post_init__(self) -> None:
        if self.vectors_TD.ndim != 2 or self.vectors_TD.dtype != np.float32:
            raise ValueError(f"vectors_TD must be float32 [T,D], not {self.vectors_TD.dtype} {self.vectors_TD.shape}")
        if self.pts_s_T.shape != self.vectors_TD.shape[:1]:
            raise ValueError(f"pts_s_T must be [{len(self.vectors_TD)}], not {self.pts_s_T.shape}")
