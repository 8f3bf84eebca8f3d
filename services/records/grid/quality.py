"""Facts about a clip for the sidecar, never for the record, and the flags that follow from them. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.base.media.points import Landmarks, PointSource
from services.base.media.video import DecodeFacts, VideoInfo
from services.formats.align import Align, detect_ticks_per_s, stem_matches
from services.lips.crops import Crops
from services.records.face_flags import FACE_FLAGS, SERIOUS_FACE_FLAGS, face_flags
from services.records.face_place import face_place
from services.records.frame_quality import FrameFacts, longest_run
from services.records.grid.labels import Label, ctc_feasible
from services.records.grid.timing import LONG_HOLE_FRAMES, timing_of, word_frames

ALIGN_TOLERANCE_S = 0.5

FLAGS: Mapping[str, str] = {
    **FACE_FLAGS,
    "ALIGN_TIME_MISMATCH": f"the alignment ends over {ALIGN_TOLERANCE_S} s off the clip's end, in its better unit",
    "CHARACTERS_DROPPED": "the transcript holds characters outside a..z and blank",
    "CTC_INFEASIBLE": "fewer frames than the label needs",
    "DECODER_WARNINGS": "the decoder complained",
    "EMPTY_LABEL": "the transcript has no character of the alphabet",
    "FRAMES_CUT": "the clip goes on where the record ends",
    "FROZEN_FRAMES": "frames equal to the one before, bit for bit",
    "FROZEN_LONG": f"one picture for more than {LONG_HOLE_FRAMES} frames in a row, as good as unchanged",
    "INDEX_IS_NO_TIME": "frames were taken by index from a video that is not of steady 25 Hz: words are elsewhere",
    "INTERLACED": "frames of two fields, woven as they were coded: what moves has combs",
    "LABEL_CUT": "words of the label lie behind the record's last frame",
    "LABEL_TRUNCATED": "more characters than label slots",
    "LONG_HOLE": f"the video lacks more than {LONG_HOLE_FRAMES} frames in a row: the ones beside them were held, or it "
    "begins so much later than the sound",
    "MISSING_FRAMES": "the video lacks frames, in mid-clip or where the sound begins",
    "OTHER_RATE": "the video is not of 25 Hz; frames were taken by time",
    "RATE_ASSUMED": "a folder of pictures does not say how many there are a second: 25 were taken for granted",
    "SEVERAL_VIDEOS": "the file has several video streams; the default one was taken, else the largest",
    "SHORT_CLIP": "fewer frames than the record has room for",
    "STEM_MISMATCH": "the file's name spells another sentence",
    "WORDS_DROPPED": "words of the transcript have no character of the alphabet, and the label lacks them",
}
SERIOUS = (
    *SERIOUS_FACE_FLAGS,
    "INDEX_IS_NO_TIME",
    "LONG_HOLE",
    "FROZEN_LONG",
    "LABEL_CUT",
    "STEM_MISMATCH",
    "EMPTY_LABEL",
    "WORDS_DROPPED",
    "CTC_INFEASIBLE",
)


@dataclass(frozen=True)
class ClipFindings:
    """All that is known of a clip once its crops are made. num_frames: in the record, as many as frames has.

    by_time: frames were taken by time, not by index. rate_is_assumed: nothing says at which rate the frames were taken.
    """

    utterance_id: str
    max_frames: int
    frames: FrameFacts
    landmarks: Landmarks
    crops: Crops
    align: Align
    label: Label
    info: VideoInfo | None
    facts: DecodeFacts | None
    by_time: bool = True
    rate_is_assumed: bool = False

    @property
    def num_frames(self) -> int:
        return len(self.frames.frozen_T)


def clip_quality(found: ClipFindings) -> dict[str, Any]:
    """JSON-able facts, numbers rounded, the same for the same clip."""
    return {
        **_frame_part(found),
        **_face_part(found),
        **_decoder_part(found.facts),
        **_picture_part(found.info),
        # Only where it says something: other clips' lines stay as they are.
        **({"rate_is_assumed": True} if found.rate_is_assumed else {}),
        **_text_part(found),
        "crop_scale_x": [round(v, 4) for v in found.crops.scale_x],
        "crop_scale_y": [round(v, 4) for v in found.crops.scale_y],
    }


def _frame_part(found: ClipFindings) -> dict[str, Any]:
    return {
        "num_frames": found.num_frames,
        "num_frames_missing": max(0, found.max_frames - found.num_frames),
        "num_frames_grey": int(found.frames.grey_T.sum()),
        "num_frames_dark": int(found.frames.dark_T.sum()),
        "num_frames_frozen": int(found.frames.frozen_T.sum()),
        "longest_still_frames": longest_run(found.frames.still_T),
        "light_mean": round(float(found.frames.light_T.mean()), 2) if found.num_frames else 0.0,
    }


def _face_part(found: ClipFindings) -> dict[str, Any]:
    source_T = found.landmarks.source_T[: found.num_frames]
    counts = {source.name.lower(): int((source_T == source).sum()) for source in PointSource}
    lost_T = (source_T == PointSource.MISSING) | (source_T == PointSource.INTERPOLATED)
    return {
        **{f"num_faces_{name}": count for name, count in counts.items()},
        "longest_loss_frames": longest_run(lost_T),
        "face": dataclasses.asdict(face_place(found.landmarks, found.num_frames)),
    }


def _decoder_part(facts: DecodeFacts | None) -> dict[str, Any]:
    if facts is None:
        return {"decode": None}
    return {
        "decode": {
            "num_frames": facts.num_frames,
            "num_corrupt": facts.num_corrupt,
            "num_duplicate_pts": facts.num_duplicate_pts,
            "truncated": facts.truncated,
            "ended_early": facts.ended_early,
            "warnings": list(facts.warnings),
            "num_decoded": facts.num_decoded,
            "num_lost": facts.num_lost,
            "num_derived_pts": facts.num_derived_pts,
            "num_restarts": facts.num_restarts,
            "num_held": facts.num_held,
            "num_hidden": facts.num_hidden,
            "num_interlaced": facts.num_interlaced,
            "rate_hz": round(facts.rate_hz, 3),
            "duration_s": round(facts.duration_s, 3),
            "holes": [list(hole) for hole in facts.holes],
            "frames_sha256": facts.frames_sha256,
        }
    }


def _picture_part(info: VideoInfo | None) -> dict[str, Any]:
    """What the container says about the picture, and which of its streams was taken."""
    if info is None:
        return {"picture": None}
    return {
        "picture": {
            "width_px": info.width_px,
            "height_px": info.height_px,
            "rotation_deg": info.rotation_deg,
            "pixel_aspect": info.pixel_aspect,
            "stream_index": info.stream_index,
            "num_video_streams": info.num_video_streams,
        }
    }


def _text_part(found: ClipFindings) -> dict[str, Any]:
    duration_s = _duration_s(found)
    ticks_per_s = detect_ticks_per_s(found.align.last_tick, duration_s)
    timing = timing_of(
        found.align, ticks_per_s, found.num_frames, by_time=found.by_time, facts=found.facts, info=found.info
    )
    return {
        "timing": {
            **dataclasses.asdict(timing),
            "holes": [list(hole) for hole in timing.holes],
            "is_other_rate": timing.is_other_rate,
            "is_label_cut": timing.is_label_cut,
        },
        "transcript": found.align.transcript,
        "words": [
            list(word)
            for word in word_frames(found.align, ticks_per_s, by_time=found.by_time, facts=found.facts, info=found.info)
        ],
        "label_len": found.label.length,
        "label_truncated": found.label.truncated,
        "characters_dropped": found.label.dropped,
        "words_dropped": list(found.label.words_dropped),
        "ctc_feasible": ctc_feasible(found.label, found.num_frames),
        "stem_matches": stem_matches(found.utterance_id, found.align.words),
        "duration_s": round(duration_s, 3),
        "align_ticks_per_s": ticks_per_s,
        "align_end_s": round(found.align.last_tick / ticks_per_s, 3),
    }


def _duration_s(found: ClipFindings) -> float:
    """As measured, else as declared, else from the frames; 0 if none tells."""
    if found.facts is not None and found.facts.duration_s > 0:
        return found.facts.duration_s
    if found.info is None:
        return 0.0
    if found.info.duration_s > 0:
        return found.info.duration_s
    num_frames = found.facts.num_frames if found.facts else found.num_frames
    return num_frames / found.info.fps_hz if found.info.fps_hz > 0 else 0.0


def flags_of(quality: Mapping[str, Any]) -> tuple[str, ...]:
    """The flags that the facts of `clip_quality` raise, sorted."""
    decode = quality["decode"] or {}
    away_s = abs(quality["align_end_s"] - quality["duration_s"])
    timing = quality["timing"]
    longest_hole = max((num for _, num in timing["holes"]), default=0)
    lost = quality["num_faces_missing"] + quality["num_faces_interpolated"]
    raised = {
        **face_flags(quality, lost),
        "ALIGN_TIME_MISMATCH": quality["duration_s"] > 0 and away_s > ALIGN_TOLERANCE_S,
        "CHARACTERS_DROPPED": quality["characters_dropped"] != "",
        "CTC_INFEASIBLE": not quality["ctc_feasible"],
        "DECODER_WARNINGS": bool(decode.get("warnings")),
        "EMPTY_LABEL": quality["label_len"] == 0,
        "FRAMES_CUT": decode.get("truncated", False) or decode.get("num_frames", 0) > quality["num_frames"],
        "FROZEN_FRAMES": quality["num_frames_frozen"] > 0,
        "FROZEN_LONG": quality["longest_still_frames"] > LONG_HOLE_FRAMES,
        "INDEX_IS_NO_TIME": not timing["by_time"] and (timing["is_other_rate"] or longest_hole > 0),
        "INTERLACED": decode.get("num_interlaced", 0) > 0,
        "LABEL_CUT": timing["is_label_cut"],
        "LABEL_TRUNCATED": quality["label_truncated"],
        "LONG_HOLE": timing["by_time"] and longest_hole > LONG_HOLE_FRAMES,
        "MISSING_FRAMES": longest_hole > 0,
        "OTHER_RATE": timing["by_time"] and timing["is_other_rate"],
        "RATE_ASSUMED": quality.get("rate_is_assumed", False),
        "SEVERAL_VIDEOS": (quality["picture"] or {}).get("num_video_streams", 1) > 1,
        "SHORT_CLIP": quality["num_frames_missing"] > 0,
        "STEM_MISMATCH": quality["stem_matches"] is False,
        "WORDS_DROPPED": bool(quality["words_dropped"]),
    }
    return tuple(sorted(flag for flag, is_raised in raised.items() if is_raised))
