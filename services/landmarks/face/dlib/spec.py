"""dlib's model file, and its backend of landmarks. Inert."""

from __future__ import annotations

from services.base.media.topology import IBUG_68
from services.base.stage.spec import ByName
from services.landmarks.backends import LandmarkBackend, ModelFile

REMEDIES = (
    "give its path with --dlib-predictor FILE, or install it with pip install 'visemill[dlib68]' "
    "(it was trained on data whose terms exclude commercial use), or on Kubernetes have it in the volume of "
    "--models-claim, or choose the mediapipe backend"
)

PREDICTOR = ModelFile(
    "shape_predictor_68_face_landmarks.dat",
    "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
    99_693_937,
    "restricted: trained on iBUG 300-W, whose terms exclude commercial use",
    package="face_recognition_models",
    member="models/shape_predictor_68_face_landmarks.dat",
    # dlib writes the version of its format first, and then numbers with their lengths.
    magic=b"\x01\x01",
    writer="dlib",
    remedies=REMEDIES,
    missing="DLIB_PREDICTOR_MISSING",
)

BACKEND = LandmarkBackend(
    "dlib",
    IBUG_68,
    (PREDICTOR,),
    ("dlib-bin", "opencv-contrib-python", "numpy"),
    ByName("services.landmarks.face.dlib.points:open_backend"),
    settings={PREDICTOR.name: "dlib_predictor"},
    has_jitters=True,
)
