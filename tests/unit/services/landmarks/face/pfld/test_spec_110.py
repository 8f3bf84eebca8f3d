"""The file of 110 points is the user's own: it has no digest that is known, and its error says how it is made."""

from services.landmarks.face.pfld.spec import SCRFD
from services.landmarks.face.pfld.spec_110 import BACKEND, PFLD_110_FILE


def test_the_file_of_110_points_is_made_by_the_user() -> None:
    assert (PFLD_110_FILE.sha256, PFLD_110_FILE.url) == ("", "")
    assert "visemill models convert pfld-110" in PFLD_110_FILE.remedies
    assert BACKEND.files == (SCRFD, PFLD_110_FILE)
    assert BACKEND.topology == "pfld-110"
