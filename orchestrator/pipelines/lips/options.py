"""PURE: the options of the lips pipeline, and the settings of its stages that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from orchestrator.pipelines.face_records.backend import backend_of
from services.base.errors import BadConfig
from services.base.stage.fields import FileRef, option, settings_for, stage_option
from services.containers.config import DecodeConfig
from services.geometry.mouth_window import PROFILES, AlignedFace, FixedScale
from services.landmarks.backends import BACKENDS
from services.landmarks.spec import LandmarksConfig
from services.records.judging import QualityPolicy
from services.records.lips.spec import LipsFilesConfig

_PROFILES = tuple(name for name, profile in PROFILES.items() if isinstance(profile, (AlignedFace, FixedScale)))


@dataclass(frozen=True)
class LipsOptions:
    """What a user may choose. Raises BadConfig BAD_FLAGS for a value out of range."""

    source: Literal["face", "processed"] = stage_option(
        LipsFilesConfig,
        "source",
        "face: videos of faces, from which mouths are cut; processed: videos of mouths, taken as they are",
        group="data set",
    )
    train_dir: str = option("processed_train", "folder of the processed training videos", group="data set")
    val_dir: str = option("processed_val", "folder of the processed videos to validate on", group="data set")
    test_dir: str = option("processed_test", "folder of the processed videos to test on", group="data set")
    accept_licence: bool = option(
        False, "you have accepted the terms of Chinese-LiPS; asked once a data set", group="data set"
    )
    max_examples: int = option(0, "process only the first clips of the tables; 0: all", group="data set", unit="clips")
    num_shards: int = option(64, "shards: files per split", group="output")
    max_frames: int = stage_option(
        LipsFilesConfig, "max_frames", "frames of a clip; a longer one is left out", group="output", unit="frames"
    )
    fps: float = stage_option(
        LipsFilesConfig,
        "target_fps",
        "frames a second, each the nearest in time",
        also=((DecodeConfig, "target_fps"),),
        group="picture",
        unit="Hz",
    )
    max_pixels: int = stage_option(
        DecodeConfig, "max_pixels", "reject clips with larger frames (width times height)", group="limits", unit="px"
    )
    max_duration_s: float = stage_option(
        DecodeConfig, "max_duration_s", "reject longer clips", group="limits", unit="s"
    )
    landmarks: str | None = option(
        None, "landmark detector (default: mediapipe, or dlib with --dlib-predictor)", group="picture", choices=BACKENDS
    )
    dlib_predictor: FileRef = stage_option(
        LandmarksConfig,
        "dlib_predictor",
        "file of dlib's 68-point predictor; implies --landmarks dlib",
        group="picture",
    )
    face_landmarker: FileRef = stage_option(
        LandmarksConfig, "face_landmarker", "custom MediaPipe face_landmarker.task", group="picture"
    )
    max_gap_frames: int = stage_option(
        LandmarksConfig,
        "max_gap_frames",
        "longest gap without a face to interpolate",
        group="picture",
        unit="frames",
    )
    profile: str = stage_option(
        LipsFilesConfig, "profile", "how the mouth is cropped", group="picture", choices=_PROFILES
    )
    quality_policy: QualityPolicy = stage_option(
        LipsFilesConfig, "quality_policy", "what to do with clips that have quality problems", group="output"
    )

    def __post_init__(self) -> None:
        for flag, value, least in (
            ("--num-shards", self.num_shards, 1),
            ("--max-frames", self.max_frames, 1),
            ("--max-examples", self.max_examples, 0),
        ):
            if value < least:
                raise BadConfig("BAD_FLAGS", f"{flag} must be {least} or more, not {value}")

    @property
    def folders(self) -> Mapping[str, str]:
        """Split -> the folder of its processed videos."""
        return {"train": self.train_dir, "val": self.val_dir, "test": self.test_dir}


def stages(options: LipsOptions) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """decode, for faces landmarks, and lipsfiles, with their settings. Raises BadConfig FLAGS_DISAGREE."""
    backend = backend_of(options.landmarks, options.dlib_predictor)
    decode = settings_for(DecodeConfig, options) | {"sampling": "steady"}
    landmarks = settings_for(LandmarksConfig, options) | {"backend": backend, "mode": "tracked"}
    found: list[tuple[str, Mapping[str, Any]]] = [("decode", decode)]
    if options.source == "face":
        found.append(("landmarks", landmarks))
    return (*found, ("lipsfiles", settings_for(LipsFilesConfig, options)))
