"""Crops are made once, taken over from one that was killed, and made anew where pictures or boxes change."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from services.base.errors import BadConfig, BadInput
from services.lips.talker_crop import CropBox
from services.training.data.talker import crop_cache
from services.training.data.talker.crop_cache import PictureFile, cache_digest, open_crops

BOX = CropBox(10, 10, 40)


def picture(i: int) -> bytes:
    frame = np.full((64, 64, 3), (i, 2 * i, 3 * i), np.uint8)
    return bytes(cv2.imencode(".png", frame)[1])


class Read:
    """Pictures by their number, and how many were read."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, name: str) -> bytes:
        self.names.append(name)
        return picture(int(name))


def pictures(num: int, box: CropBox | None = BOX, version: str = "1") -> list[PictureFile]:
    return [PictureFile(str(i), 100, version, box) for i in range(num)]


def test_crops_are_the_pictures_own_in_bgr_and_made_once(tmp_path: Path) -> None:
    read = Read()
    crops = open_crops(tmp_path, pictures(70), read, 32)
    assert crops.shape == (70, 32, 32, 3) and crops.dtype == np.uint8
    assert [tuple(crops[i, 5, 5]) for i in (0, 69)] == [(0, 0, 0), (69, 138, 207)]
    assert len(read.names) == 70
    open_crops(tmp_path, pictures(70), read, 32)
    assert len(read.names) == 70


def test_a_frame_that_is_not_to_be_used_is_black_and_not_read(tmp_path: Path) -> None:
    read = Read()
    some = [PictureFile("5", 100, "1", None if i == 1 else BOX) for i in range(3)]
    crops = open_crops(tmp_path, some, read, 32)
    assert crops[1].max() == 0 and crops[2].max() == 15 and len(read.names) == 2


def test_changed_pictures_or_boxes_are_made_anew_and_what_was_there_goes(tmp_path: Path) -> None:
    read = Read()
    for some in (pictures(3), pictures(3, version="2"), pictures(3, CropBox(0, 0, 20), "2"), pictures(2)):
        open_crops(tmp_path, some, read, 32)
        assert len(list(tmp_path.glob("crops-32-*.npy"))) == 1
    assert len(read.names) == 11
    open_crops(tmp_path, pictures(2), read, 16)
    assert len(list(tmp_path.glob("crops-*.npy"))) == 2


def test_what_one_that_was_killed_had_made_is_taken_over(tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def killed_at_100(name: str) -> bytes:
        if int(name) >= 100:
            raise Killed
        return picture(int(name))

    with pytest.raises(Killed):
        open_crops(tmp_path, pictures(150), killed_at_100, 32)
    assert not list(tmp_path.glob("*.npy"))
    read = Read()
    crops = open_crops(tmp_path, pictures(150), read, 32)
    assert len(read.names) == 150 - 64
    assert [int(crops[i, 0, 0, 0]) for i in (3, 63, 64, 149)] == [3, 63, 64, 149]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".lock", ".npy"]


def test_a_picture_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="bytes of 7 are no picture"):
        open_crops(tmp_path, [PictureFile("7", 1, "1", BOX)], lambda _: b"no picture", 32)


def test_a_full_disk_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(crop_cache.os, "posix_fallocate", full)
    with pytest.raises(BadConfig, match="DISK_FULL"):
        open_crops(tmp_path, pictures(3), Read(), 32)
    assert not list(tmp_path.glob("*.part")) and not list(tmp_path.glob("*.npy"))


def test_the_digest_is_of_all_that_decides_the_crops() -> None:
    made = {cache_digest(some, 32) for some in (pictures(3), pictures(2), pictures(3, None), pictures(3, version="2"))}
    assert len(made) == 4 and cache_digest(pictures(3), 16) not in made
