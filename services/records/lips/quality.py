"""Facts about a clip of mouths, and the flags that follow from them. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from services.base.media.points import Landmarks, PointSource
from services.base.media.video import DecodeFacts, VideoInfo
from services.lips.crops import Crops
from services.records.face_place import MAX_ROLL_DEG, face_place
from services.records.frame_quality import FrameFacts, longest_run

LONG_LOSS_FRAMES = 15
_MANY_FRAMES = 3
# Below this a mouth is enlarged out of a few pixels.
_LEAST_SCALE = 2.0

FLAGS: Mapping[str, str] = {
    "CORRUPT_FRAMES": "frames were flagged as damaged or concealed, bytes were skipped, or decoding broke off",
    "DARK_FRAMES": "frames with next to no light",
    "FACE_DOUBTFUL": "the detector hardly takes it for a face: it may be upside down",
    "FACE_JUMPED": "from one frame to the next the face is elsewhere or of another size: another person's, perhaps",
    "FACE_LOST": "frames without a face of their own",
    "FACE_LOST_LONG": f"more than {LONG_LOSS_FRAMES} frames in a row without a face of their own",
    "FACE_MISPLACED": f"more than {_MANY_FRAMES} frames whose points are no face's, or lie outside the frame",
    "FACE_SMALL": f"mouths are enlarged over {_LEAST_SCALE:g} times: there is little to see in them",
    "FACE_TURNED": f"more than {_MANY_FRAMES} frames with a face turned by over {MAX_ROLL_DEG:g} degrees",
    "FRAMES_LOST": "frames before the first key frame, of a further recording or of damaged packets could not be read",
    "FROZEN_FRAMES": "frames equal to the one before, bit for bit, which the video does not hold for lack of others",
    "GREY_FRAMES": "frames that are largely the flat grey of a missing reference frame",
    "TIMES_RESTART": "times begin anew in mid-file, as where two recordings are joined",
}
# These make a sample wrong or useless, the others make it odd. The first one found is a quarantine's reason.
SERIOUS = (
    "GREY_FRAMES",
    "CORRUPT_FRAMES",
    "DARK_FRAMES",
    "FRAMES_LOST",
    "TIMES_RESTART",
    "FACE_LOST_LONG",
    "FACE_TURNED",
    "FACE_MISPLACED",
    "FACE_DOUBTFUL",
    "FACE_JUMPED",
)


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
    decode, face = quality.get("decode", {}), quality.get("face", {})
    raised = {
        "CORRUPT_FRAMES": decode.get("num_corrupt", 0) > 0 or decode.get("ended_early", False),
        "DARK_FRAMES": quality["num_frames_dark"] > 0,
        "FACE_DOUBTFUL": face.get("is_doubtful", False),
        "FACE_JUMPED": face.get("num_jumps", 0) > 0,
        "FACE_LOST": quality.get("num_faces_lost", 0) > 0,
        "FACE_LOST_LONG": quality.get("longest_loss_frames", 0) > LONG_LOSS_FRAMES,
        "FACE_MISPLACED": face.get("num_misplaced", 0) > _MANY_FRAMES,
        "FACE_SMALL": max(quality.get("crop_scale", [0.0])) > _LEAST_SCALE,
        "FACE_TURNED": face.get("num_turned", 0) > _MANY_FRAMES,
        "FRAMES_LOST": decode.get("num_lost", 0) > 0,
        # Of a slower video frames are held, which is no fault of its pictures.
        "FROZEN_FRAMES": quality["num_frames_frozen"] > decode.get("num_held", 0),
        "GREY_FRAMES": quality["num_frames_grey"] > 0,
        "TIMES_RESTART": decode.get("num_restarts", 0) > 0,
    }
    return tuple(sorted(flag for flag, is_raised in raised.items() if is_raised))
