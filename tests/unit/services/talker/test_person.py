"""A person's frames, and where the face lies in them."""

from pathlib import Path

import pytest
from head_bundle import write_person

from services.base.errors import BadConfig
from services.lips.talker_crop import CropBox
from services.talker.person import PersonFrames


def test_frames_are_read_by_number(tmp_path: Path) -> None:
    person = PersonFrames(str(write_person(tmp_path / "anna", fps=20.0)))
    assert (person.usable, person.fps, person.box(3)) == ([0, 1, 2, 3, 4, 5], 20.0, CropBox(20, 20, 40))
    assert person.frame(3).shape == (64, 80, 3) and (person.frame(3) == 43).all()


def test_a_folder_of_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as found:
        PersonFrames(str(tmp_path))
    assert found.value.reason == "NO_PERSON"
