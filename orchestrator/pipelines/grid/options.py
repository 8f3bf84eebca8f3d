"""PURE: the options of the GRID pipeline, and the settings of its stages that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from orchestrator.pipelines.face_records.backend import backend_of
from orchestrator.pipelines.grid.layouts import LAYOUTS
from orchestrator.pipelines.grid.splits import published_splits
from services.base.errors import BadConfig
from services.base.stage.fields import FileOrName, FileRef, option, settings_for, stage_option
from services.containers.config import DecodeConfig
from services.geometry.mouth_window import PROFILES
from services.landmarks.backends import BACKENDS
from services.landmarks.spec import LandmarksConfig, Mode
from services.records.grid.spec import RecordsConfig
from services.records.grid.timing import RATE_HZ
from services.records.judging import QualityPolicy

_SEED_PROFILE = "liptype2-v1"
_SPLITS = tuple(published_splits())

Split = Annotated[str, FileOrName(_SPLITS)]


@dataclass(frozen=True)
class GridOptions:
    """What a user may choose: the flags of the original script by their names and defaults, and ours.

    Raises BadConfig BAD_FLAGS for a value out of range.
    """

    split_config: Split = option(
        "", f"YAML file, or one of {', '.join(_SPLITS)}; default: all clips in train", group="data set"
    )
    num_shards: int = option(64, "shards: files per split", group="output")
    max_frames: int = stage_option(
        RecordsConfig,
        "max_frames",
        "frames per record; shorter clips are padded, longer ones cut",
        group="output",
        unit="frames",
    )
    max_text_len: int = stage_option(
        RecordsConfig,
        "max_text_len",
        "label length per record; shorter labels are padded, longer ones cut",
        group="output",
    )
    max_examples: int = option(0, "process only the first clips; 0: all", group="data set", unit="clips")
    decode_max_frames: int = option(
        -1, "frames to decode per clip; -1: as --max-frames, 0: all", group="picture", unit="frames"
    )
    max_pixels: int = stage_option(
        DecodeConfig, "max_pixels", "reject clips with larger frames (width times height)", group="limits", unit="px"
    )
    max_duration_s: float = stage_option(
        DecodeConfig, "max_duration_s", "reject longer clips", group="limits", unit="s"
    )
    max_decoded_frames: int = stage_option(
        DecodeConfig, "max_decoded_frames", "reject clips with more frames", group="limits", unit="frames"
    )
    dlib_predictor: FileRef = stage_option(
        LandmarksConfig,
        "dlib_predictor",
        "file of dlib's 68-point predictor; implies --landmarks dlib",
        group="picture",
    )
    landmarks: str | None = option(
        None,
        "landmark detector (default: mediapipe, or dlib with --dlib-predictor)",
        group="picture",
        choices=BACKENDS,
    )
    landmarks_mode: Mode | None = option(
        None,
        "tracked: follow the face from frame to frame; per-frame: detect it in every frame "
        f"(default: tracked, or per-frame with --profile {_SEED_PROFILE})",
        group="picture",
    )
    num_jitters: int = stage_option(
        LandmarksConfig, "num_jitters", "dlib: jittered rectangles to average per frame; 1: no jitter", group="picture"
    )
    max_gap_frames: int = stage_option(
        LandmarksConfig,
        "max_gap_frames",
        f"longest gap without a face to interpolate; none with --profile {_SEED_PROFILE}",
        group="picture",
        unit="frames",
    )
    face_landmarker: FileRef = stage_option(
        LandmarksConfig, "face_landmarker", "custom MediaPipe face_landmarker.task", group="picture"
    )
    profile: str = stage_option(
        RecordsConfig,
        "profile",
        "how the mouth is cropped; liptype2-v1: as the original script",
        group="picture",
        choices=tuple(PROFILES),
    )
    quality_policy: QualityPolicy = stage_option(
        RecordsConfig, "quality_policy", "what to do with clips that have quality problems", group="output"
    )
    layout: str = option(
        "auto", "layout of the data set", group="data set", choices=("auto", *(layout.name for layout in LAYOUTS))
    )
    compat_order: bool = option(False, "assign clips to shards in the order of the original script", group="output")
    allow_missing_speakers: bool = option(
        False, "accept a split with speakers that the data set lacks", group="data set"
    )

    def __post_init__(self) -> None:
        for flag, value, least, meaning in (
            ("--num-shards", self.num_shards, 1, "1 or more"),
            ("--max-frames", self.max_frames, 1, "1 or more"),
            ("--max-text-len", self.max_text_len, 1, "1 or more"),
            ("--max-examples", self.max_examples, 0, "0 (all clips) or more"),
            ("--decode-max-frames", self.decode_max_frames, -1, "-1 (as --max-frames), 0 (the whole clip) or more"),
        ):
            if value < least:
                raise BadConfig("BAD_FLAGS", f"{flag} must be {meaning}, not {value}")


def stages(options: GridOptions) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """decode, landmarks, records, with their settings. Raises BadConfig FLAGS_DISAGREE."""
    decode_max = options.max_frames if options.decode_max_frames == -1 else options.decode_max_frames
    backend = backend_of(options.landmarks, options.dlib_predictor)
    is_seed = options.profile == _SEED_PROFILE
    landmarks = settings_for(LandmarksConfig, options) | {
        "backend": backend,
        "mode": options.landmarks_mode or ("per-frame" if is_seed else "tracked"),
    }
    if is_seed:
        landmarks["max_gap_frames"] = 0
    decode = settings_for(DecodeConfig, options) | {"max_frames": decode_max}
    if decode_max > 0:
        # Whoever asks for so many frames has said that a clip may have them.
        decode["max_decoded_frames"] = max(options.max_decoded_frames, decode_max)
    if not is_seed:
        # The original takes every frame, whatever its time, for the next 25th of a second.
        decode |= {"sampling": "steady", "target_fps": RATE_HZ}
    return ("decode", decode), ("landmarks", landmarks), ("records", settings_for(RecordsConfig, options))
