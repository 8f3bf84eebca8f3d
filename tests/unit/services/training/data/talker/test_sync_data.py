"""Blocks of a clip: their frames' own faces and sounds, drawn by name, and nothing that is held out."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from services.training.data.talker.person import Person  # noqa: E402
from services.training.data.talker.sync_data import LEAST_APART, SyncData, split_of  # noqa: E402


def person(name: str, num: int = 100) -> Person:
    crops = np.zeros((num, 168, 168, 3), np.uint8)
    crops[:] = np.arange(num, dtype=np.uint8)[:, None, None, None]
    rows = np.repeat(np.arange(num, dtype=np.float32)[:, None], 512, axis=1)
    return Person(name, "mel", crops, rows, np.ones(num, np.bool_), np.ones(num, np.bool_), f"digest of {name}")


def data(num_persons: int = 2, **settings: float) -> SyncData:
    split = split_of([person(f"p{i}") for i in range(num_persons)], 1)
    return SyncData(split, 8, **{"flip": 0.0, "brightness": 0.0, **settings})


def test_of_few_clips_the_ends_are_held_out_and_of_many_whole_ones():
    few = split_of([person("a"), person("b")], 1)
    assert [len(frames) for _, frames in few.train] == [74, 74]
    assert [held.frames for held in few.held] == [tuple(range(90, 100))] * 2
    many = split_of([person(f"p{i}") for i in range(12)], 1)
    assert (len(many.train), len(many.held)) == (10, 2)
    assert {len(held.frames) for held in many.held} == {100}
    assert not {held.person.name for held in many.held} & {one.name for one, _ in many.train}


def test_of_a_face_that_is_lost_before_the_end_what_was_seen_last_is_held_out():
    lost = dataclasses.replace(person("a"), usable_N=np.arange(100) < 60)
    (held,) = split_of([lost], 1).held
    assert held.frames == tuple(range(54, 60))


def test_each_frame_has_its_own_face_and_the_sound_around_it():
    found = data().read([0, 11], "1/0")
    frames = found["frames_B"].tolist()
    assert found["faces_BHWC"].shape == (16, 160, 160, 3) and found["sounds_BCHW"].shape == (16, 32, 16, 16)
    assert found["faces_BHWC"][:, 0, 0, 0].tolist() == frames
    middle = found["sounds_BCHW"].reshape(16, 16, 512)[:, 8, 0].tolist()
    assert middle == [float(frame) for frame in frames]
    assert found["clips_B"].tolist() == [0] * 8 + [1] * 8


def test_frames_of_a_block_are_each_others_negatives_and_never_held_out():
    some = data()
    for index in range(len(some.items)):
        frames = some.read([index], "1/3")["frames_B"].sort().values
        assert int(frames.max()) < 74
        wrapped = torch.cat([frames.diff(), (frames[0] + 74 - frames[-1])[None]])
        assert int(wrapped[:-1].min()) >= LEAST_APART or int(wrapped.min()) >= 0


def test_the_same_name_gives_the_same_bytes_and_another_epoch_other_frames():
    some = data(flip=0.5, brightness=0.2)
    one, again, other = (some.read([0, 1, 2], name) for name in ("1/0", "1/0", "1/1"))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["frames_B"], other["frames_B"])


def test_the_digest_is_of_the_persons_and_of_what_is_held_out():
    assert data().digest == data().digest != data(3).digest


def test_a_clip_too_short_for_a_block_gives_none():
    assert not SyncData(split_of([person("a", 60)], 1), 8, flip=0, brightness=0).items
