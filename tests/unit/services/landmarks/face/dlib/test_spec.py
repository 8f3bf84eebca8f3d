"""What the table says of dlib: its predictor is never fetched, and it alone has rectangles to jitter."""

from services.landmarks.backends import backend_named
from services.landmarks.face.dlib.spec import BACKEND, PREDICTOR


def test_the_predictor_is_restricted_and_says_how_it_is_got() -> None:
    assert backend_named("dlib") is BACKEND
    assert (BACKEND.topology, BACKEND.has_jitters, BACKEND.files) == ("ibug-68", True, (PREDICTOR,))
    assert not PREDICTOR.url and "--dlib-predictor FILE" in PREDICTOR.remedies
