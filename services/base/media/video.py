"""A video, its frames, and what decoding found out about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.base.media.arrays import Float64Array, UInt8Array

# Of a clip's holes so many are listed.
MAX_HOLES = 100


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

    @property
    def counts(self) -> dict[str, float]:
        """What this adds to the counts of a run."""
        return {"frames": self.num_frames}


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
