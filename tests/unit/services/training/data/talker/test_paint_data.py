"""Frames to be painted: references of the same person that are drawn by name, and mirrors that are whole."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from services.training.data.talker.paint_data import PaintData, batch_of  # noqa: E402
from services.training.data.talker.person import Person  # noqa: E402
from services.training.data.talker.sync_data import SyncSplit, split_of  # noqa: E402


def person(name: str, num: int = 60) -> Person:
    crops = np.zeros((num, 168, 168, 3), np.uint8)
    crops[:] = np.arange(num, dtype=np.uint8)[:, None, None, None]
    crops[:, :, :84] += 100
    rows = np.repeat(np.arange(num, dtype=np.float32)[:, None], 512, axis=1)
    mouths = np.tile(np.array([44, 104, 84, 124]), (num, 1))
    marks = np.ones(num, np.bool_)
    return Person(name, "mel", crops, rows, marks, marks, name, mouths)


def data(flip: float = 0.0) -> PaintData:
    return PaintData(split_of([person("a"), person("b")], 1), flip=flip)


def test_a_frame_has_its_own_face_sound_and_mouth_and_a_reference_of_its_clip() -> None:
    some = data()
    assert len(some.items) == 2 * 38 and {item.cost for item in some.items} == {1}
    batch = some.read([5, 43], "1/0")
    assert batch["faces_BHWC"][:, 0, -1, 0].tolist() == [5, 5] and batch["faces_BHWC"].shape == (2, 160, 160, 3)
    assert batch["sounds_BCHW"].reshape(2, 16, 512)[:, 8, 0].tolist() == [5, 5]
    assert batch["mouths_B4"].tolist() == [[40, 100, 80, 120]] * 2
    assert int(batch["references_BHWC"][:, 0, -1, 0].max()) < 38


def test_the_same_name_draws_the_same_and_another_epoch_other_references() -> None:
    some, indices = data(0.5), list(range(20))
    one, again, other = (some.read(indices, name) for name in ("1/0", "1/0", "1/1"))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["references_BHWC"], other["references_BHWC"])


def test_a_mirror_is_of_face_reference_and_mouth() -> None:
    plain, mirrored = batch_of([(person("a"), 3, 7)]), batch_of([(person("a"), 3, 7)], [True])
    for name in ("faces_BHWC", "references_BHWC"):
        assert torch.equal(plain[name].flip(2), mirrored[name])
    assert mirrored["mouths_B4"].tolist() == [[80, 100, 120, 120]]


def test_the_digest_is_of_the_persons() -> None:
    assert data().digest == data().digest
    assert data().digest != PaintData(split_of([person("a")], 1), flip=0).digest


def test_neighbours_come_in_pairs_with_one_reference_and_one_mirror() -> None:
    gaps = SyncSplit([(person("a"), (0, 1, 2, 3, 4, 6, 7, 9))], [])
    some = PaintData(gaps, flip=0.5, in_pairs=True)
    assert [(item.key, item.cost) for item in some.items] == [("a/0", 2), ("a/2", 2), ("a/6", 2)]
    batch = some.read([0, 1, 2], "1/0")
    assert batch["sounds_BCHW"].reshape(6, 16, 512)[:, 8, 0].tolist() == [0, 1, 2, 3, 6, 7]
    for name in ("references_BHWC", "mouths_B4"):
        assert torch.equal(batch[name][::2], batch[name][1::2])
    assert some.digest != PaintData(gaps, flip=0.5).digest
