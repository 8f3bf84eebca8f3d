"""What the landmarks stage is: its settings and its artifact. Inert: looks for no file and imports no library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from services.base.media.points import Landmarks
from services.base.stage.spec import ByName, Fingerprint, StageSpec
from services.landmarks.backends import BACKENDS, backend_named

Mode = Literal["tracked", "per-frame"]

MAX_JITTERS = 64


@dataclass(frozen=True)
class LandmarksConfig:
    """Settings of the stage. Raises ValueError for a value that cannot work."""

    backend: str = field(
        default="mediapipe",
        metadata={
            "help": "mediapipe: 478 points, free to use; dlib: 68 points, needs the predictor file; pfld: 98 points, "
            "pfld-110: 110 points, both need two files, one of them non-commercial",
            "choices": tuple(BACKENDS),
        },
    )
    mode: Mode = field(
        default="tracked",
        metadata={"help": "tracked: follow the face from frame to frame; per-frame: search each frame anew"},
    )
    num_jitters: int = field(
        default=1,
        metadata={"help": "dlib only: average the points over this many jittered rectangles a frame; 1 is none"},
    )
    max_gap_frames: int = field(
        default=15,
        metadata={
            "help": "a face lost for at most this many frames between two others is interpolated; a longer loss stays "
            "one; 0: none is"
        },
    )
    dlib_predictor: str = field(
        default="", metadata={"help": "file of dlib's 68-point predictor; empty: search the model folders"}
    )
    face_landmarker: str = field(
        default="", metadata={"help": "file of MediaPipe's face_landmarker.task; empty: search the model folders"}
    )

    face_detector: str = field(
        default="", metadata={"help": "pfld, pfld-110: file of SCRFD 2.5g; empty: search the model folders"}
    )
    landmark_model: str = field(
        default="", metadata={"help": "pfld, pfld-110: ONNX file of the points; empty: search the model folders"}
    )
    search_every_frames: int = field(
        default=50,
        metadata={"help": "pfld, pfld-110, tracked: search for the face at least this often; it is followed between"},
    )

    def __post_init__(self) -> None:
        backend = backend_named(self.backend)
        if self.mode not in get_args(Mode):
            raise ValueError(f"landmarks mode {self.mode!r} must be one of {', '.join(get_args(Mode))}")
        if isinstance(self.num_jitters, bool) or not isinstance(self.num_jitters, int):
            raise ValueError(f"num_jitters {self.num_jitters!r} must be a whole number")
        if not 1 <= self.num_jitters <= MAX_JITTERS:
            raise ValueError(f"num_jitters {self.num_jitters} must be between 1 and {MAX_JITTERS}")
        if isinstance(self.max_gap_frames, bool) or not isinstance(self.max_gap_frames, int) or self.max_gap_frames < 0:
            raise ValueError(f"max_gap_frames must be a whole number from 0 (none), not {self.max_gap_frames!r}")
        every = self.search_every_frames
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ValueError(f"search_every_frames must be a whole number from 1 (each frame), not {every!r}")
        if self.num_jitters > 1 and not backend.has_jitters:
            raise ValueError(
                f"num_jitters {self.num_jitters} needs the dlib backend: {self.backend} has no rectangles to jitter; "
                "set backend to dlib or num_jitters to 1"
            )


def key_config(config: LandmarksConfig) -> dict[str, Any]:
    """The settings that decide bytes: all but where files lie, whose digests are in `models.models_of`."""
    # Where nothing is searched the setting is not in the key, which is then the one from before there was a setting.
    searches = {"search_every_frames": config.search_every_frames} if backend_named(config.backend).has_searches else {}
    return {
        "backend": config.backend,
        "mode": config.mode,
        "num_jitters": config.num_jitters,
        "max_gap_frames": config.max_gap_frames,
        **searches,
    }


def libraries_of(config: LandmarksConfig) -> tuple[str, ...]:
    """Those of SPEC.libraries whose version decides this config's bytes."""
    return backend_named(config.backend).libraries


def fingerprint(config: LandmarksConfig) -> Fingerprint:
    """What of the config decides bytes."""
    return Fingerprint(key_config(config), libraries=libraries_of(config))


SPEC = StageSpec(
    name="landmarks",
    version=2,
    config=LandmarksConfig,
    reads=("frames",),
    writes=("landmarks",),
    artifacts={"landmarks": Landmarks},
    libraries=("mediapipe", "dlib-bin", "onnxruntime", "opencv-contrib-python", "numpy"),
    cached=True,
    fingerprint=fingerprint,
    models=ByName("services.landmarks.models:models_of"),
    opens=ByName("services.landmarks.stage:open_stage"),
    rpc=ByName("services.landmarks.rpc"),
)
