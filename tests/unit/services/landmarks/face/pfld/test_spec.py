"""The backend of SCRFD and PFLD: its files are pinned, and none is fetched."""

from services.landmarks.face.pfld.spec import BACKEND, SCRFD


def test_no_file_is_fetched_and_each_says_how_it_is_got() -> None:
    for file in BACKEND.files:
        assert not file.url
        assert len(file.sha256) == 64
        assert f"--{BACKEND.settings[file.name].replace('_', '-')} FILE" in file.remedies
    assert "exclude commercial use" in SCRFD.remedies
    assert "non-commercial" in SCRFD.licence
