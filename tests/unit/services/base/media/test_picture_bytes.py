"""A picture is whole or refused, so that pictures one behind the other come apart where they were joined."""

import cv2
import numpy as np
import pytest

from services.base.media.picture_bytes import picture_size


def picture(kind: str, width_px: int = 40, height_px: int = 24, how: tuple[int, ...] = ()) -> bytes:
    pixels_HWC = np.random.default_rng(1).integers(0, 256, (height_px, width_px, 3), np.uint8)
    return bytes(cv2.imencode(f".{kind}", pixels_HWC, how)[1])


def with_segment(data: bytes, marker: bytes, held: bytes) -> bytes:
    """The same JPEG with one more segment at its begin."""
    return data[:2] + marker + (len(held) + 2).to_bytes(2, "big") + held + data[2:]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("jpeg", picture("jpeg")),
        ("jpeg", picture("jpeg", how=(cv2.IMWRITE_JPEG_PROGRESSIVE, 1))),
        ("jpeg", picture("jpeg", how=(cv2.IMWRITE_JPEG_QUALITY, 100, cv2.IMWRITE_JPEG_RST_INTERVAL, 1))),
        ("jpeg", with_segment(picture("jpeg"), b"\xff\xfe", b"\xff\xd9")),
        ("jpeg", with_segment(picture("jpeg"), b"\xff\xe1", b"Exif\0\0" + picture("jpeg", 8, 8))),
        ("jpeg", picture("jpeg") + b"\0\r\n"),
        ("png", picture("png")),
        ("png", picture("png", how=(cv2.IMWRITE_PNG_COMPRESSION, 9))),
    ],
)
def test_a_whole_picture_says_its_size(kind: str, data: bytes) -> None:
    assert picture_size(kind, data) == (40, 24)


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_a_picture_cut_anywhere_is_refused(kind: str) -> None:
    data = picture(kind)
    for num_bytes in range(len(data)):
        with pytest.raises(ValueError, match=r"breaks off|is no|holds no"):
            picture_size(kind, data[:num_bytes])


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        ("jpeg", picture("png"), "is no JPEG"),
        ("png", picture("jpeg"), "is no PNG"),
        ("jpeg", picture("jpeg") * 2, "holds more than one picture"),
        ("jpeg", picture("jpeg")[:-2] + picture("jpeg"), "breaks off where another picture begins"),
        ("jpeg", b"\xff\xd8" + b"\xff\xfe\0\2" * 100_001, "has over 100000 segments"),
        ("png", picture("png") + b"\n", "has 1 bytes behind its end"),
        ("png", picture("png")[:33] + b"\0\0\0\0tEXtcrc." * 100_001, "has over 100000 chunks"),
    ],
)
def test_what_is_no_single_whole_picture_is_refused(kind: str, data: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        picture_size(kind, data)
