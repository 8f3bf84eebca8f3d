"""Which files of a folder are its pictures, in which order, and what keeps them from being a clip."""

import random

import pytest

from services.base.media.pictures import MAX_BYTES, MAX_NUM_PICTURES, PictureFolder, in_order, picture_kind


def folder(*names: str, size_bytes: int = 9) -> PictureFolder:
    pictures = PictureFolder()
    for name in names:
        pictures.add(name, size_bytes, f"v of {name}")
    return pictures


def reason(*names: str) -> str:
    fault = folder(*names).fault()
    return fault.reason if fault else ""


@pytest.mark.parametrize(
    "pattern", ["{}.jpg", "mouth_{:03d}.png", "frame-{:04d}.JPEG", "s1_bbaf2n.{}.png", "2nd {}.jpg"]
)
@pytest.mark.parametrize("first", [0, 1])
def test_numbers_count_and_not_letters(pattern: str, first: int) -> None:
    names = [pattern.format(i) for i in range(first, 120)]
    mixed = random.Random(0).sample(names, len(names))
    assert in_order(mixed) == names
    pictures = folder(*mixed)
    assert (pictures.fault(), len(pictures), pictures.first) == (None, len(names), names[0])
    assert pictures.version == folder(*names).version


def test_kinds_go_by_the_ending_and_hidden_files_are_no_pictures() -> None:
    kinds = {name: picture_kind(name) for name in ("1.jpg", "1.JPG", "1.jpeg", "1.png", "1.bmp")}
    assert kinds == {"1.jpg": "jpeg", "1.JPG": "jpeg", "1.jpeg": "jpeg", "1.png": "png", "1.bmp": "bmp"}
    assert not any(map(picture_kind, (".1.jpg", "._1.png", "Thumbs.db", "jpg", "1.gif", "1.jpg.txt", "")))


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((0, 2), "1 pictures are missing, of numbers 1,"),
        ((1, 2, 4), "1 pictures are missing, of numbers 3,"),
        ((2, 3), "1 pictures are missing, of numbers 1, while 2 to 3"),
        ((1, 10, 20), "17 pictures are missing, of numbers 2 to 9, 11 to 19, while 1 to 20"),
        (range(1, 99, 2), "of numbers 2, 4, 6, 8, 10 and 43 more gaps"),
    ],
)
def test_a_hole_is_told_with_its_place_and_never_closed(numbers: list[int], told: str) -> None:
    fault = folder(*(f"{i}.jpg" for i in numbers)).fault()
    assert fault is not None and fault.reason == "PICTURES_MISSING" and told in fault.message


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("1.jpg", "2.jpeg"), ""),
        (("1.jpg", "2.png"), "PICTURES_MIXED"),
        (("1.jpg", "1.jpeg"), "PICTURES_MIXED"),
        (("1.jpg", "face_2.jpg"), "PICTURES_MIXED"),
        (("1.jpg", "cover.jpg"), "PICTURES_MIXED"),
        (("1234567890.jpg",), "PICTURES_MIXED"),
        (("1.bmp",), "PICTURES_NOT_READ"),
        ((), "PICTURES_MISSING"),
    ],
)
def test_what_is_mixed_or_not_read_is_no_clip(names: tuple[str, ...], expected: str) -> None:
    assert reason(*names) == expected


def test_a_picture_without_bytes_is_named() -> None:
    pictures = folder("1.jpg")
    pictures.add("2.jpg", 0, "v")
    assert pictures.fault() == ("EMPTY_FILE", "the picture 2.jpg holds 0 bytes: fetch it again")


def test_more_pictures_or_bytes_than_the_limits_are_no_clip() -> None:
    largest = folder("1.jpg", size_bytes=MAX_BYTES)
    assert largest.fault() is None
    largest.add("2.jpg", 1, "v")
    for pictures in (largest, folder(*(f"{i}.jpg" for i in range(MAX_NUM_PICTURES + 1)))):
        fault = pictures.fault()
        assert fault is not None and fault.reason == "TOO_MANY_PICTURES"
        assert str(MAX_BYTES) in fault.message and str(MAX_NUM_PICTURES) in fault.message
