"""Backends of landmarks: one table, name -> the module that says what the backend is. Inert.

A new one is a package with a `spec.py` that holds a `BACKEND`, and a line here. Its model files are found by their
digest in the usual places (`models.find`), such as a folder of $VISEMILL_MODELS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.base.media.topology import topology
from services.base.stage.spec import ByName

BACKENDS: dict[str, str] = {
    "mediapipe": "services.landmarks.mediapipe.spec",
    "dlib": "services.landmarks.face.dlib.spec",
    "pfld": "services.landmarks.face.pfld.spec",
    "pfld-110": "services.landmarks.face.pfld.spec_110",
}


@dataclass(frozen=True)
class ModelFile:
    """A model file whose bytes are known, or, of an empty sha256, one that a user has made: its digest is in the keys.

    url: the publisher's address, empty where none may be fetched from. package, member: a Python package that carries
    the file, and where inside it; empty where none does. parts: entries of a zip archive that it must have. magic:
    what writer has begun it with. remedies: how to get it; empty: it may be fetched. missing: the reason of the error
    where it is not there.
    """

    name: str
    sha256: str
    size_bytes: int
    licence: str
    url: str = ""
    package: str = ""
    member: str = ""
    parts: tuple[str, ...] = ()
    magic: bytes = b""
    writer: str = ""
    remedies: str = ""
    missing: str = "MODEL_MISSING"


@dataclass(frozen=True)
class LandmarkBackend:
    """What a backend is. Raises ValueError for a topology that is not known.

    topology: of the points that it finds. files: model files that it loads. libraries: distributions whose version
    decides its points. opens: (config, path of each file by name) -> the loaded `face.backend.Backend`. settings: file
    name -> the setting of the stage that names the user's own one in its place. has_jitters: whether it averages points
    over jittered rectangles. has_searches: whether a setting says how often it searches for a face that it follows.
    """

    name: str
    topology: str
    files: tuple[ModelFile, ...]
    libraries: tuple[str, ...]
    opens: ByName
    settings: Mapping[str, str] = field(default_factory=dict)
    has_jitters: bool = False
    has_searches: bool = False

    def __post_init__(self) -> None:
        try:
            topology(self.topology)
        except KeyError as error:
            raise ValueError(f"backend {self.name}: {error.args[0]}") from None


def backend_named(name: str) -> LandmarkBackend:
    """The table's entry. Raises ValueError with the names there are."""
    if name not in BACKENDS:
        raise ValueError(f"landmarks backend {name!r} must be one of {', '.join(BACKENDS)}")
    found: LandmarkBackend = ByName(f"{BACKENDS[name]}:BACKEND").resolve()
    return found
