"""Flags of any clip of a face: what they say, which are serious, and which facts raise them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.records.face_place import MAX_ROLL_DEG

_LONG_LOSS_FRAMES = 15
# A few frames may be off where a face comes or goes.
_MANY_FRAMES = 3

FACE_FLAGS: Mapping[str, str] = {
    "CORRUPT_FRAMES": "frames were flagged as damaged or concealed, bytes were skipped, or decoding broke off",
    "DARK_FRAMES": "frames with next to no light",
    "FACE_DOUBTFUL": "the detector hardly takes it for a face: it may be upside down",
    "FACE_JUMPED": "from one frame to the next the face is elsewhere or of another size: another person's, perhaps",
    "FACE_LOST": "frames without a face of their own",
    "FACE_LOST_LONG": f"more than {_LONG_LOSS_FRAMES} frames in a row without a face of their own",
    "FACE_MISPLACED": f"more than {_MANY_FRAMES} frames whose points are no face's, or lie outside the frame",
    "FACE_TURNED": f"more than {_MANY_FRAMES} frames with a face turned by over {MAX_ROLL_DEG:g} degrees",
    "FRAMES_LOST": "frames before the first key frame, of a further recording or of damaged packets could not be read",
    "GREY_FRAMES": "frames that are largely the flat grey of a missing reference frame",
    "TIMES_RESTART": "times begin anew in mid-file, as where two recordings are joined",
}
# These make a sample wrong or useless, the others make it odd. The first one found is a quarantine's reason.
SERIOUS_FACE_FLAGS = (
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


def face_flags(quality: Mapping[str, Any], num_faces_lost: int) -> dict[str, bool]:
    """Of each of FACE_FLAGS whether the clip's facts raise it. quality: of `decode`, `face` and the frames; without a
    part that was not measured, or None for it. num_faces_lost: frames without a face of their own.
    """
    decode, face = quality.get("decode") or {}, quality.get("face") or {}
    return {
        "CORRUPT_FRAMES": decode.get("num_corrupt", 0) > 0 or decode.get("ended_early", False),
        "DARK_FRAMES": quality["num_frames_dark"] > 0,
        "FACE_DOUBTFUL": face.get("is_doubtful", False),
        "FACE_JUMPED": face.get("num_jumps", 0) > 0,
        "FACE_LOST": num_faces_lost > 0,
        "FACE_LOST_LONG": quality.get("longest_loss_frames", 0) > _LONG_LOSS_FRAMES,
        "FACE_MISPLACED": face.get("num_misplaced", 0) > _MANY_FRAMES,
        "FACE_TURNED": face.get("num_turned", 0) > _MANY_FRAMES,
        "FRAMES_LOST": decode.get("num_lost", 0) > 0,
        "GREY_FRAMES": quality["num_frames_grey"] > 0,
        "TIMES_RESTART": decode.get("num_restarts", 0) > 0,
    }
