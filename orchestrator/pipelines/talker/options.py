"""PURE: the options of the talker pipeline, and the settings of its stages that follow from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from services.base.errors import BadConfig
from services.base.stage.fields import Address, FileRef, option, settings_for, stage_option
from services.base.store.roots import absolute
from services.containers.audio.config import AudioConfig
from services.containers.config import DecodeConfig
from services.features.talker.spec import AudioFeaturesConfig
from services.formats.talker.names import FOLDER_NAME, is_folder_name
from services.landmarks.backends import BACKENDS
from services.landmarks.spec import LandmarksConfig
from services.records.talker.spec import TalkerFilesConfig

AsrModel = Literal["ave", "hubert", "wenet", "mel"]
ASR_MODELS: tuple[str, ...] = get_args(AsrModel)
WEIGHTED = frozenset({"ave", "hubert", "wenet"})
"""Models of a network."""

RATE_HZ = 16_000
"""Of aud.wav, and of what the networks of sound take."""

Parts = Literal["all", "features"]
_MOST_FPS = 120.0
# Of models whose rows come at a rate of their own.
_RATES_HZ: Mapping[str, tuple[float, ...]] = {"hubert": (25.0,), "wenet": (25.0, 20.0)}


@dataclass(frozen=True)
class TalkerOptions:
    """What a user may choose: the flags of the original scripts by their names and defaults, and ours.

    Raises BadConfig BAD_FLAGS for a value out of range.
    """

    video_path: FileRef = option("", "video of one person", group="data set", metavar="VIDEO")
    name: str = option(
        "", "folder below --dataset-dir that the person has (default: the video's name)", group="data set"
    )
    video_dir: FileRef = option(
        "",
        "folder of videos, each with a folder of its name (.mp4 .avi .mov .mkv .webm)",
        group="data set",
        metavar="FOLDER",
    )
    video_list: FileRef = option("", "text with PATH NAME a line, paths with blanks in quotes", group="data set")
    json_config: FileRef = option(
        "", 'JSON: {"videos": [{"path", "name", "asr_model"}]}, where asr_model may be missing', group="data set"
    )
    asr_model: AsrModel = stage_option(
        AudioFeaturesConfig,
        "model",
        "features of the sound; ave, hubert and wenet take weights that you bring, mel takes none",
        group="features",
    )
    asr_weights: FileRef = stage_option(
        AudioFeaturesConfig,
        "weights",
        "weights of --asr-model: audio_encoder.pth of ave, encoder.onnx of wenet, file or folder of hubert, or the "
        "model.onnx that `visemill models export` makes of ave and hubert; without them they are random",
        group="features",
    )
    triton: Address = stage_option(
        AudioFeaturesConfig, "triton", "Triton server that holds the network of --asr-model", group="features"
    )
    fps: float = option(
        25.0,
        "frames a second of what is written, whatever the video has; the nearest one is dropped or repeated",
        group="picture",
        unit="Hz",
        sets=((DecodeConfig, "target_fps"), (TalkerFilesConfig, "fps")),
    )
    skip_frames: bool = option(False, "the pictures are there already; an error where they are not", group="output")
    skip_landmarks: bool = option(False, "the landmarks are there already; an error where they are not", group="output")
    skip_audio: bool = option(
        False, "the features of the sound are there already; an error where they are not", group="output"
    )
    force: bool = option(
        False, "delete what the folder holds of another video or of other settings, and begin anew",
        group="output",
    )  # fmt: skip
    check_only: bool = option(False, "plan and check, and write nothing, as `visemill plan` does", group="output")
    frame_format: Literal["png", "jpg"] = stage_option(
        TalkerFilesConfig, "frame_format", "png: exact; jpg: a tenth of the space, quality 95", group="picture"
    )
    landmarks: str = stage_option(
        LandmarksConfig, "backend", "landmark detector; mediapipe is free to use", group="picture", choices=BACKENDS
    )
    face_landmarker: FileRef = stage_option(
        LandmarksConfig, "face_landmarker", "custom MediaPipe face_landmarker.task", group="picture"
    )
    face_detector: FileRef = stage_option(
        LandmarksConfig, "face_detector", "file of SCRFD 2.5g, for pfld and pfld-110", group="picture"
    )
    landmark_model: FileRef = stage_option(
        LandmarksConfig, "landmark_model", "ONNX file of the points, for pfld and pfld-110", group="picture"
    )
    max_pixels: int = stage_option(
        DecodeConfig, "max_pixels", "reject videos with larger frames (width times height)", group="limits", unit="px"
    )
    max_duration_s: float = stage_option(
        DecodeConfig,
        "max_duration_s",
        "reject longer videos",
        also=((AudioConfig, "max_duration_s"),),
        group="limits",
        unit="s",
    )
    parts: Parts = option("all", "what of a person's folder is written", group="output", hidden=True)
    num_shards: int = option(1, "one: a video is read once, by one worker", group="output", hidden=True)

    def __post_init__(self) -> None:
        given = [flag for flag, value in self._sources.items() if value]
        if len(given) > 1:
            raise BadConfig(
                "BAD_FLAGS", f"{' and '.join(given)} are given, and one of them says which videos: give one"
            )
        if self.name and not is_folder_name(self.name):
            raise BadConfig("BAD_NAME", f"--name {self.name!r} must be {FOLDER_NAME}: give the video such a name")
        if self.name and not self.video_path:
            raise BadConfig("BAD_FLAGS", f"--name {self.name} is the folder of one video: give --video-path too")
        rates = _RATES_HZ.get(self.asr_model, ())
        if rates and self.fps not in rates:
            raise BadConfig(
                "BAD_FLAGS",
                f"--asr-model {self.asr_model} has rows for {' or '.join(f'{rate:g}' for rate in rates)} frames a "
                f"second, not for --fps {self.fps:g}: leave --fps out, or take --asr-model ave or mel",
            )
        if not (0 < self.fps <= _MOST_FPS and math.isfinite(self.fps)):
            raise BadConfig("BAD_FLAGS", f"--fps must be above 0 and at most {_MOST_FPS:g}, not {self.fps}")

    @property
    def _sources(self) -> Mapping[str, str]:
        return {
            "--video-path": self.video_path,
            "--video-dir": self.video_dir,
            "--video-list": self.video_list,
            "--json-config": self.json_config,
        }

    @property
    def skipped(self) -> Mapping[str, str]:
        """Flag -> what it says is there, of those that are given."""
        said = {
            "--skip-frames": (self.skip_frames, "pictures"),
            "--skip-landmarks": (self.skip_landmarks, "landmarks"),
            "--skip-audio": (self.skip_audio, f"features of the sound by {self.asr_model}"),
        }
        return {flag: what for flag, (is_given, what) in said.items() if is_given}


def asr_model_named(name: str) -> AsrModel:
    """Raises BadConfig BAD_FLAGS for a model that is not known."""
    for known in get_args(AsrModel):
        if known == name:
            return cast("AsrModel", known)
    raise BadConfig("BAD_FLAGS", f"asr_model {name!r} must be one of {', '.join(ASR_MODELS)}")


def stages(options: TalkerOptions) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """decode, audio, landmarks, sound, audiofeatures, talkerfiles, with their settings; without landmarks where
    features of the sound alone are written.
    """
    features = settings_for(AudioFeaturesConfig, options)
    if features["weights"]:
        features["weights"] = absolute(features["weights"])
    if options.triton:
        features["backend"] = "triton"
    elif features["weights"].endswith(".onnx"):
        features["backend"] = "onnxruntime"
    landmarks: list[tuple[str, Mapping[str, Any]]] = [("landmarks", settings_for(LandmarksConfig, options))]
    return (
        ("decode", settings_for(DecodeConfig, options) | {"sampling": "steady"}),
        ("audio", settings_for(AudioConfig, options) | {"sample_rate_hz": RATE_HZ, "channels": 1}),
        *(landmarks if options.parts == "all" else []),
        ("sound", {"fps": options.fps}),
        ("audiofeatures", features),
        ("talkerfiles", settings_for(TalkerFilesConfig, options) | {"parts": options.parts}),
    )
