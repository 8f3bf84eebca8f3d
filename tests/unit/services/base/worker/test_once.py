"""What stages made, saved where the caller says."""

from pathlib import Path

import pytest

from services.base.errors import BadConfig, BadInput
from services.base.worker.once import _clips, _media, _save


def test_what_a_stage_made_is_saved_beside_the_others(tmp_path: Path) -> None:
    path = _save(tmp_path / "new" / "0-clip", "landmarks", b"payload")
    assert path == tmp_path / "new" / "0-clip.landmarks.npz" and path.read_bytes() == b"payload"


def test_a_folder_of_pictures_is_one_clip_and_goes_by_its_name(tmp_path: Path, jpegs: list[bytes]) -> None:
    folder = tmp_path / "bbaf2n"
    folder.mkdir()
    for i, data in enumerate(jpegs):
        (folder / f"{i}.jpg").write_bytes(data)
    media, (clip,) = _media(folder), _clips([], [folder])
    assert (media.name, media.data) == ("bbaf2n/", b"".join(jpegs))
    assert (clip.key, clip.utterance_id, clip.media) == ("bbaf2n", "bbaf2n", "bbaf2n/")
    (folder / "4.jpg").unlink()
    with pytest.raises(BadInput, match="PICTURES_MISSING: bbaf2n/: 1 pictures are missing, of numbers 4,"):
        _media(folder)


def test_a_folder_that_takes_no_file_is_named_with_its_flag(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(BadConfig, match=rf"NOT_SAVED: --save {folder} takes no file \(.*\): give a folder"):
            _save(folder / "0-clip", "landmarks", b"payload")
