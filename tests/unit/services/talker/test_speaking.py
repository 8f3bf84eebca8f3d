"""Frames come as many as sounds, each with the face that its sound asks for."""

from pathlib import Path

import numpy as np
from head_bundle import write_bundle, write_person

from services.talker.frame_order import to_and_fro
from services.talker.network import open_here
from services.talker.person import PersonFrames
from services.talker.speaking import Speaker


def test_each_sound_has_a_frame(tmp_path: Path) -> None:
    person = PersonFrames(str(write_person(tmp_path / "anna", num_frames=3)))
    speaker = Speaker(person, open_here(write_bundle(tmp_path / "head"), 1), 168)
    sounds = [np.full((32, 16, 16), i / 10, np.float32) for i in range(7)]
    found = list(speaker.frames(to_and_fro(person.usable), sounds))
    assert [one.source for one in found] == [0, 1, 2, 1, 0, 1, 2]
    shown = [int(one.frame_HWC[40, 40, 0]) for one in found]
    assert np.abs(np.array(shown) - 25.5 * np.arange(7)).max() <= 1
    assert all((one.frame_HWC[:10] == 40 + one.source).all() for one in found)
    assert abs(sum(speaker.seconds.shares().values()) - 1) < 0.01


def test_only_a_few_sounds_are_asked_for_at_a_time(tmp_path: Path) -> None:
    person = PersonFrames(str(write_person(tmp_path / "anna", num_frames=3)))
    speaker = Speaker(person, open_here(write_bundle(tmp_path / "head"), 1), 168)
    asked = []
    sounds = (asked.append(i) or np.zeros((32, 16, 16), np.float32) for i in range(1000))
    next(speaker.frames(to_and_fro(person.usable), sounds))
    assert len(asked) <= 5


def test_a_face_is_painted_for_the_sound_before_too_where_that_is_asked(tmp_path: Path) -> None:
    person = PersonFrames(str(write_person(tmp_path / "anna", num_frames=3)))
    speaker = Speaker(person, open_here(write_bundle(tmp_path / "head"), 1), 168)
    sounds = [np.full((32, 16, 16), i / 10, np.float32) for i in range(7)]
    found = list(speaker.frames(to_and_fro(person.usable), sounds, compared={1, 4, 6}))
    assert [one.as_before_SSC is not None for one in found] == [False, True, False, False, True, False, True]
    for frame in (1, 4, 6):
        assert np.abs(found[frame].as_before_SSC.astype(int) - found[frame - 1].painted_SSC).max() <= 1
