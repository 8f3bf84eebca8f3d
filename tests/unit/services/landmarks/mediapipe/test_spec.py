"""What the table says of MediaPipe is what its package of models holds and what the stage computes."""

from services.landmarks.backends import backend_named
from services.landmarks.mediapipe.spec import BACKEND, FACE, HAND, POSE


def test_the_backend_needs_the_face_bundle_alone() -> None:
    assert backend_named("mediapipe") is BACKEND
    assert (BACKEND.topology, BACKEND.files, BACKEND.settings) == (
        "mediapipe-478",
        (FACE,),
        {FACE.name: "face_landmarker"},
    )


def test_every_bundle_has_a_detector_and_a_network_of_points() -> None:
    for file in (FACE, HAND, POSE):
        kind = file.name.partition("_")[0]
        assert file.parts == (f"{kind}_detector.tflite", f"{kind}_landmarks_detector.tflite")
        assert file.url.endswith(f"/{file.name}") and file.member == f"models/{file.name}"
