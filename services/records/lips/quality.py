"""Facts about a clip of mouths, and the flags that follow from them. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from services.base.media.points import Landmarks, PointSource
from services.base.media.video import DecodeFacts, VideoInfo
from services.lips.crops import Crops
from services.records.face_flags import FACE_FLAGS, SERIOUS_FACE_FLAGS, face_flags
from services.records.face_place import face_place
from services.records.frame_quality import FrameFacts, longest_run

# Below this a mouth is enlarged out of a few pixels.
_LEAST_SCALE = 2.0

FLAGS: Mapping[str, str] = {
    **FACE_FLAGS,
    "FACE_SMALL": f"mouths are enlarged over {_LEAST_SCALE:g} times: there is little to see in them",
    "FROZEN_FRAMES": "frames equal to the one before, bit for bit, which the video does not hold for lack of others",
}
SERIOUS = SERIOUS_FACE_FLAGS


def clip_quality(
    frames: FrameFacts,
    crops: Crops | None,
    landmarks: Landmarks | None,
    info: VideoInfo | None,
    facts: DecodeFacts | None,
) -> dict[str, Any]:
    """JSON-able facts, numbers rounded, the same for the same clip. crops, landmarks: None where videos show mouths."""
    num_frames = len(frames.frozen_T)
    quality: dict[str, Any] = {
        "num_frames": num_frames,
        "num_frames_grey": int(frames.grey_T.sum()),
        "num_frames_dark": int(frames.dark_T.sum()),
        "num_frames_frozen": int(frames.frozen_T.sum()),
    }
    if landmarks is not None:
        source_T = landmarks.source_T[:num_frames]
        lost_T = (source_T == PointSource.MISSING) | (source_T == PointSource.INTERPOLATED)
        quality |= {
            "num_faces_lost": int(lost_T.sum()),
            "longest_loss_frames": longest_run(lost_T),
            "face": dataclasses.asdict(face_place(landmarks, num_frames)),
        }
    if crops is not None:
        quality["crop_scale"] = [round(value, 4) for value in crops.scale_x]
    if info is not None:
        quality["picture"] = {"width_px": info.width_px, "height_px": info.height_px, "fps_hz": round(info.fps_hz, 3)}
    if facts is not None:
        quality["decode"] = {
            "num_frames": facts.num_frames,
            "num_corrupt": facts.num_corrupt,
            "num_lost": facts.num_lost,
            "num_held": facts.num_held,
            "num_restarts": facts.num_restarts,
            "ended_early": facts.ended_early,
            "rate_hz": round(facts.rate_hz, 3),
            "duration_s": round(facts.duration_s, 3),
            "frames_sha256": facts.frames_sha256,
        }
    return quality


def flags_of(quality: Mapping[str, Any]) -> tuple[str, ...]:
    """The flags that the facts of `clip_quality` raise, sorted."""
    decode = quality.get("decode", {})
    raised = {
        **face_flags(quality, quality.get("num_faces_lost", 0)),
        "FACE_SMALL": max(quality.get("crop_scale", [0.0])) > _LEAST_SCALE,
        # Of a slower video frames are held, which is no fault of its pictures.
        "FROZEN_FRAMES": quality["num_frames_frozen"] > decode.get("num_held", 0),
    }
    return tuple(sorted(flag for flag, is_raised in raised.items() if is_raised))
