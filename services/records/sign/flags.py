"""What is worth a look in a sign clip: names for its quality facts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.base.media.features import Features
from services.base.media.video import HOLE_STEPS, DecodeFacts
from services.records.sign.occlusion import LEAST_SEEN_SHARE
from services.records.sign.spec import SignFilesConfig

FLAGS: Mapping[str, str] = {
    "CORRUPT_FRAMES": "frames were flagged as damaged or concealed, bytes were skipped, or decoding broke off",
    "DECODER_WARNINGS": "the decoder complained",
    "FEW_HANDS": "hands are visible in less than a quarter of the frames",
    "FRAMES_LOST": "frames before the first key frame, of a second recording or of damaged packets are missing",
    "HARDLY_ANYBODY": "somebody is seen in less than a quarter of the frames: crop the video about the signer",
    "INTERLACED": "frames of two fields, woven as they were coded: what moves has combs",
    "NO_HANDS": "no hand is visible in any frame",
    "OCCLUDED": "the clip counts as occluded, as labels.csv says",
    "RANDOM_WEIGHTS": "features are of seeded random weights, not of a trained network",
    "SCENE_CHANGES": "the picture cuts to another scene, or another person is followed: split the clip there",
    "SEVERAL_VIDEOS": "the file has several video streams; the default one was taken, else the largest",
    "SINGLE_FRAME": "the clip has one frame",
    "SLOW_SOURCE": "the video has fewer frames a second than was aimed at; all were kept",
    "SPLIT_BATCHES": "memory was short, so fewer frames than asked for went through the network at once",
    "TIMES_GO_BACK": "presentation times stand still or go back; those frames were put between their neighbours",
    "TIMES_RESTART": "presentation times begin anew, as in joined recordings; what follows was put behind the rest",
    "TIME_HOLES": "nothing was recorded for more than a second in mid-clip",
}
# What may make a clip unfit for training, in the order in which it is told.
SERIOUS = (
    "FRAMES_LOST",
    "HARDLY_ANYBODY",
    "SCENE_CHANGES",
    "TIMES_RESTART",
    "TIMES_GO_BACK",
    "TIME_HOLES",
    "CORRUPT_FRAMES",
)
_FEW_HANDS_SHARE = 0.25
_LONG_HOLE_S = 1.0


def decode_facts(decoded: DecodeFacts, num_kept: int) -> dict[str, Any]:
    """Quality facts of decoding, JSON-able. num_dropped: decoded frames that the sampling did not keep."""
    return {
        "num_decoded": decoded.num_decoded,
        "num_dropped": max(0, decoded.num_decoded - num_kept),
        "num_lost": decoded.num_lost,
        "num_restarts": decoded.num_restarts,
        "num_derived_pts": decoded.num_derived_pts,
        "times_go_back": max(0, decoded.num_duplicate_pts - decoded.num_restarts),
        "longest_step_s": round(decoded.longest_step_s, 3),
        "num_interlaced": decoded.num_interlaced,
        "num_corrupt": decoded.num_corrupt,
        "ended_early": decoded.ended_early,
        "warnings": list(decoded.warnings),
        "frames_sha256": decoded.frames_sha256,
    }


def flags_of(quality: Mapping[str, Any], features: Features | None, config: SignFilesConfig) -> tuple[str, ...]:
    """Names of FLAGS that hold for a clip, sorted."""
    hands_share = quality.get("hands_share")
    found = {
        "NO_HANDS": hands_share == 0,
        "FEW_HANDS": hands_share is not None and 0 < hands_share < _FEW_HANDS_SHARE,
        "HARDLY_ANYBODY": quality.get("person_share", 1.0) < LEAST_SEEN_SHARE,
        "INTERLACED": quality.get("num_interlaced", 0) > 0,
        "SEVERAL_VIDEOS": quality.get("num_video_streams", 1) > 1,
        "OCCLUDED": bool(quality["occluded"]),
        "SINGLE_FRAME": quality["num_frames"] == 1,
        "SPLIT_BATCHES": features is not None and features.num_split_batches > 0,
        "SCENE_CHANGES": quality.get("num_scene_changes", 0) > 0,
        "SLOW_SOURCE": 0 < quality.get("source_fps", 0.0) < config.target_fps - 0.5,
        "FRAMES_LOST": quality.get("num_lost", 0) > 0,
        "TIMES_GO_BACK": quality.get("times_go_back", 0) > 0,
        "TIMES_RESTART": quality.get("num_restarts", 0) > 0,
        "TIME_HOLES": _has_long_hole(quality.get("longest_step_s", 0.0), quality.get("source_fps", 0.0)),
        "CORRUPT_FRAMES": bool(quality.get("num_corrupt") or quality.get("ended_early")),
        "DECODER_WARNINGS": bool(quality.get("warnings")),
        "RANDOM_WEIGHTS": features is not None and features.weights.startswith("seeded:"),
    }
    return tuple(sorted(name for name, holds in found.items() if holds))


def serious(flags: tuple[str, ...]) -> list[str]:
    """Those of the flags that are in SERIOUS, in its order."""
    return [name for name in SERIOUS if name in flags]


def _has_long_hole(longest_step_s: float, rate_hz: float) -> bool:
    return longest_step_s > _LONG_HOLE_S and longest_step_s * rate_hz > HOLE_STEPS
