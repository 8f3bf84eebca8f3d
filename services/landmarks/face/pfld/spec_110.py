"""The file of PFLD's 110 points, which a user converts, and its backend. Inert."""

from __future__ import annotations

from services.base.media.topology import PFLD_110
from services.landmarks.backends import LandmarkBackend, ModelFile
from services.landmarks.face.pfld.spec import LIBRARIES, OPENS, SCRFD

# Nobody publishes it as ONNX: each conversion has a digest of its own, which goes into the keys.
PFLD_110_FILE = ModelFile(
    "pfld_110.onnx",
    "",
    0,
    "that of the checkpoint which it was made of",
    remedies=(
        "convert the checkpoint once with `visemill models convert pfld-110 FILE.pth.tar` and give the path of what it "
        "writes with --landmark-model FILE, or put it into a folder of $VISEMILL_MODELS as pfld_110.onnx"
    ),
    missing="LANDMARK_MODEL_MISSING",
)

BACKEND = LandmarkBackend(
    "pfld-110",
    PFLD_110,
    (SCRFD, PFLD_110_FILE),
    LIBRARIES,
    OPENS,
    settings={SCRFD.name: "face_detector", PFLD_110_FILE.name: "landmark_model"},
    has_searches=True,
)
