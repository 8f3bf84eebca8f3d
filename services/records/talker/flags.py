"""What is worth a look in a person's clip: its quality facts, and names for them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from services.base.media.audio import AlignedSound
from services.base.media.features import AudioFeatures
from services.base.media.video import DecodeFacts, VideoInfo
from services.geometry.talker_points import TalkerPoints
from services.lips.talker_crop import CropBox

FLAGS: Mapping[str, str] = {
    "CORRUPT_FRAMES": "frames were flagged as damaged or concealed, bytes were skipped, or decoding broke off",
    "CROP_LEAVES_IMAGE": "over 5 % of the crops lies beyond the picture, whose border is repeated there",
    "FACE_LOST": "frames without a face that are not bridged, and that no training uses",
    "FEATURES_LENGTH": "rows of the features and frames differ by more than the ends account for",
    "FRAMES_REPEATED": "over a tenth of the frames are shown twice: the video has fewer a second than were asked for",
    "LITTLE_SPEECH": "under 60 s of sound that is not silent: too little to learn from how a mouth follows it",
    "RANDOM_WEIGHTS": "features are of seeded random weights, not of a trained network",
    "SCENE_CUT": "the face jumps, as where another scene begins: crops are smoothed on either side of it alone",
    "SILENT": "the sound is silent throughout",
    "SOUND_PADDED": "over half a second of silence stands where the pictures have no sound",
}
_LEAST_SPEECH_S = 60.0
_MOST_OUTSIDE_SHARE, _MOST_REPEATED_SHARE = 0.05, 0.1
_MOST_PADDED_S = 0.5
_MOST_UNPAIRED = 2


def sound_facts(sound: AlignedSound) -> dict[str, Any]:
    """JSON-able."""
    rate_hz = sound.sample_rate_hz
    return {
        "sound_s": round(sound.duration_s, 3),
        "speech_s": round(sound.duration_s * (1 - sound.silent_share), 3),
        "sound_cut_start_s": round(sound.num_cut_start / rate_hz, 4),
        "sound_cut_end_s": round(sound.num_cut_end / rate_hz, 4),
        "sound_padded_start_s": round(sound.num_padded_start / rate_hz, 4),
        "sound_padded_end_s": round(sound.num_padded_end / rate_hz, 4),
        "sound_peak": round(sound.peak, 4),
        "sound_silent_share": round(sound.silent_share, 4),
        "sound_codec": sound.codec,
        "sound_source_rate_hz": sound.source_rate_hz,
    }


def features_facts(features: AudioFeatures) -> dict[str, Any]:
    """JSON-able."""
    return {
        "asr_model": features.model,
        "asr_weights": features.weights,
        "num_rows": features.num_rows,
        "is_random": features.is_random,
        **{f"asr_{name}": value for name, value in features.facts.items()},
    }


def face_facts(points: TalkerPoints, width_px: int, height_px: int) -> dict[str, Any]:
    """JSON-able. crop_outside_share: mean over usable frames."""
    boxes = [CropBox(*map(int, box)) for box in points.boxes_T3[points.usable_T]]
    outside_T = np.array([box.outside_share(width_px, height_px) for box in boxes])
    sides_T = points.boxes_T3[points.usable_T, 2]
    return {
        "width_px": width_px,
        "height_px": height_px,
        "num_usable": int(points.usable_T.sum()),
        "num_missing": points.num_missing,
        "num_bridged": points.num_bridged,
        "num_cuts": points.num_cuts,
        "crop_side_px": int(np.median(sides_T)),
        "crop_outside_share": round(float(outside_T.mean()), 4),
        "num_crops_outside": int((outside_T > 0).sum()),
    }


def decode_facts(decoded: DecodeFacts | None, info: VideoInfo | None) -> dict[str, Any]:
    """JSON-able; of what was not decoded here none."""
    facts: dict[str, Any] = {}
    if info is not None:
        facts |= {"source_fps": round(info.fps_hz, 3), "codec": info.codec, "rotation_deg": info.rotation_deg}
    if decoded is not None:
        facts |= {
            "num_decoded": decoded.num_decoded,
            "num_held": decoded.num_held,
            "num_lost": decoded.num_lost,
            "num_corrupt": decoded.num_corrupt,
            "ended_early": decoded.ended_early,
            "warnings": list(decoded.warnings),
        }
        if decoded.rate_hz > 0:
            facts["source_fps"] = round(decoded.rate_hz, 3)
    return facts


def flags_of(quality: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of FLAGS that hold for a clip, sorted. quality: the facts above, without those that were not measured."""
    num_frames = quality.get("num_frames", 0)
    padded_s = quality.get("sound_padded_start_s", 0.0) + quality.get("sound_padded_end_s", 0.0)
    num_rows = quality.get("num_rows", num_frames)
    found = {
        "CORRUPT_FRAMES": bool(quality.get("num_corrupt") or quality.get("ended_early")),
        "CROP_LEAVES_IMAGE": quality.get("crop_outside_share", 0.0) > _MOST_OUTSIDE_SHARE,
        "FACE_LOST": quality.get("num_usable", num_frames) < num_frames,
        "FEATURES_LENGTH": num_frames > 0 and abs(num_rows - num_frames) > _MOST_UNPAIRED,
        "FRAMES_REPEATED": quality.get("num_held", 0) > _MOST_REPEATED_SHARE * num_frames,
        "LITTLE_SPEECH": quality.get("speech_s", _LEAST_SPEECH_S) < _LEAST_SPEECH_S,
        "RANDOM_WEIGHTS": quality.get("is_random", False),
        "SCENE_CUT": quality.get("num_cuts", 0) > 0,
        "SILENT": quality.get("sound_silent_share", 0.0) >= 1,
        "SOUND_PADDED": padded_s > _MOST_PADDED_S,
    }
    return tuple(sorted(name for name, holds in found.items() if holds))
