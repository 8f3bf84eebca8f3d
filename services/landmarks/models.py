"""Model files: which are known, where they are looked for, and what their digests are.

Imports no detector, so a digest costs one read of the file. `python -m services.landmarks.model_files list|fetch`.
"""

from __future__ import annotations

import importlib.util
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

from services.base.errors import BadConfig
from services.base.store.by_digest import cache_folder, fetched, is_uri
from services.base.worker.fingerprint import sha256_of
from services.landmarks.backends import BACKENDS, LandmarkBackend, ModelFile, backend_named
from services.landmarks.face.dlib.spec import PREDICTOR
from services.landmarks.mediapipe.spec import FACE, HAND, POSE
from services.landmarks.spec import LandmarksConfig

FACE_LANDMARKER, HAND_LANDMARKER, POSE_LANDMARKER = FACE.name, HAND.name, POSE.name
DLIB_PREDICTOR = PREDICTOR.name

PINNED: Mapping[str, ModelFile] = {model.name: model for model in (FACE, HAND, POSE, PREDICTOR)}


def known_files() -> dict[str, ModelFile]:
    """The model files of every stage and backend, by name."""
    of_backends = {file.name: file for name in BACKENDS for file in backend_named(name).files}
    return {**PINNED, **{name: file for name, file in of_backends.items() if name not in PINNED}}


def model_directory() -> Path:
    """Where fetched models go: the first of $VISEMILL_MODELS, or visemill/models in the user's cache. May not exist."""
    return _directories()[0]


def find(name: str, explicit: str = "") -> Path | None:
    """The file of a pinned name, or None where it is in none of the model folders.

    Order: `explicit`, the folders of $VISEMILL_MODELS, the user's cache, an installed package that carries it (never
    imported).
    Raises BadConfig when `explicit` is no file or one of another format, or a file in a usual place is not the pinned
    one. The user's explicit file may be another: its digest goes into the keys. One of a store (`s3://bucket/name`)
    must be the pinned one.
    """
    model = pinned(name)
    if is_uri(explicit):
        if not model.sha256:
            raise BadConfig(
                "MODEL_NOT_PINNED", f"{explicit} has no digest to be checked by: give {name} as a file of this machine"
            )
        return fetched(explicit, model.sha256, cache_folder(os.environ))
    if explicit:
        path = Path(explicit).expanduser()
        if not path.is_file():
            raise BadConfig("MODEL_MISSING", f"{explicit!r} is no file: give the path of a {name}, or none at all")
        _check_format(model, path)
        return path
    for path in _usual_places(model):
        if path.is_file():
            _check_pinned(model, path)
            return path
    return None


def pinned(name: str) -> ModelFile:
    """The table's entry. Raises BadConfig with the names there are."""
    known = known_files()
    if name not in known:
        raise BadConfig("UNKNOWN_MODEL", f"no model {name!r} is known; there are {', '.join(known)}")
    return known[name]


def paths_of(config: LandmarksConfig) -> dict[str, Path]:
    """Pinned name -> file of each model that the config's backend loads. Raises BadConfig when one is missing."""
    backend = backend_named(config.backend)
    own = {name: str(getattr(config, setting)) for name, setting in backend.settings.items()}
    return {file.name: _path_of(file, own.get(file.name, ""), backend) for file in backend.files}


def _path_of(file: ModelFile, own: str, backend: LandmarkBackend) -> Path:
    setting = backend.settings.get(file.name, "")
    if own and file.remedies and not is_uri(own) and not Path(own).expanduser().is_file():
        raise BadConfig(file.missing, f"{own!r} is no file: {file.remedies}")
    path = find(file.name, own)
    if path is not None:
        return path
    ways = [f"run `python -m services.landmarks.model_files fetch {file.name}`"] if file.url else []
    ways += [f"give its path with {_flag(setting)} FILE"] if setting else []
    # What no flag names and no publisher serves is put where all models are.
    ways = ways or [f"put it there (sha256 {file.sha256}), or set VISEMILL_MODELS to the folder that holds it"]
    raise BadConfig(
        file.missing, f"{file.name} is in none of {_places_text(file)}: {file.remedies or ', or '.join(ways)}"
    )


def models_of(config: LandmarksConfig) -> dict[str, str]:
    """Pinned name -> sha256 (hex) of the files that this config would load. Raises BadConfig when one is missing."""
    return {name: sha256_of(path) for name, path in paths_of(config).items()}


def _flag(setting: str) -> str:
    return f"--{setting.replace('_', '-')}"


def _check_format(model: ModelFile, path: Path) -> None:
    """A file of another kind is refused before a run is pinned. Raises BadConfig MODEL_UNREADABLE."""
    why = ""
    try:
        if model.parts:
            with zipfile.ZipFile(path) as bundle:
                lacking = sorted(set(model.parts) - set(bundle.namelist()))
            why = f"it lacks {', '.join(lacking)}" if lacking else ""
        elif model.magic:
            with path.open("rb") as file:
                why = "" if file.read(len(model.magic)) == model.magic else f"{model.writer} has not written it"
    except (OSError, zipfile.BadZipFile) as error:
        why = str(error)
    if why:
        flag = _flag("dlib_predictor" if model is PREDICTOR else f"{model.name.partition('_')[0]}_landmarker")
        raise BadConfig(
            "MODEL_UNREADABLE",
            f"{flag} {path} is no {model.name} ({why}): give the official {model.name}, or leave out {flag}",
        )


def _check_pinned(model: ModelFile, path: Path) -> None:
    digest = sha256_of(path)
    if model.sha256 and digest != model.sha256:
        raise BadConfig(
            "MODEL_CHANGED",
            f"{path} has sha256 {digest}, but {model.name} is {model.sha256}: delete it and get it again, "
            "or name it as your own file with its flag",
        )


def _usual_places(model: ModelFile) -> list[Path]:
    places = [directory / model.name for directory in _directories()]
    spec = importlib.util.find_spec(model.package) if model.package else None
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
