"""Model files of SCRFD and PFLD, and the backend of 98 points. Inert.

Numbers and file formats are those of SyncTalk_2D (https://github.com/ZiqiaoPeng/SyncTalk_2D) and PFLD_GhostOne
(https://github.com/AnthonyF333/PFLD_GhostOne).
"""

from __future__ import annotations

from services.base.media.topology import WFLW_98
from services.base.stage.spec import ByName
from services.landmarks.backends import LandmarkBackend, ModelFile

LIBRARIES = ("onnxruntime", "opencv-contrib-python", "numpy")
OPENS = ByName("services.landmarks.face.pfld.track:open_backend")

SCRFD = ModelFile(
    "scrfd_2.5g_kps.onnx",
    "32d20c77b9e2dc1d07e94c2ab9d25bdd5cd05eddbe0b46e7b38e7a1eca22e99a",
    3_291_017,
    "restricted: InsightFace's weights are for non-commercial research alone",
    remedies=(
        "give its path with --face-detector FILE, or put it into a folder of $VISEMILL_MODELS (InsightFace's SCRFD "
        "2.5g with key points; its weights exclude commercial use, so it is never fetched), or choose the mediapipe "
        "backend"
    ),
    missing="FACE_DETECTOR_MISSING",
)

PFLD_98 = ModelFile(
    "PFLD_GhostOne_112_1_opt_sim.onnx",
    "74d1a83932af79c2689d9371b21f32d014552f089985f076e832e89cb18f41e8",
    2_838_549,
    "Apache-2.0",
    remedies=(
        "give its path with --landmark-model FILE, or put it into a folder of $VISEMILL_MODELS (the ONNX file of "
        "https://github.com/AnthonyF333/PFLD_GhostOne), or choose the mediapipe backend"
    ),
    missing="LANDMARK_MODEL_MISSING",
)

BACKEND = LandmarkBackend(
    "pfld",
    WFLW_98,
    (SCRFD, PFLD_98),
    LIBRARIES,
    OPENS,
    settings={SCRFD.name: "face_detector", PFLD_98.name: "landmark_model"},
    has_searches=True,
)
