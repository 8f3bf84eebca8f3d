import cv2
import numpy as np
import pytest

from services.records.contact_sheet import contact_sheet


def test_frames_lie_in_reading_order_below_the_title() -> None:
    frames_THWC = np.zeros((5, 50, 100, 3), np.uint8)
    frames_THWC[:, ..., 0] = np.arange(5)[:, None, None] * 40
    sheet = cv2.imdecode(
        np.frombuffer(contact_sheet(frames_THWC, "s1/x  bin blue", columns=3), np.uint8), cv2.IMREAD_COLOR
    )
    assert sheet.shape == (20 + 2 * 52, 3 * 102 - 2, 3)
    red = sheet[..., 2]
    assert [red[20 + 25, 50 + i * 102] for i in range(3)] == [0, 40, 80]
    assert [red[20 + 52 + 25, 50 + i * 102] for i in range(2)] == [120, 160]
    assert sheet[:20].max() > 200


def test_a_title_outside_ascii_is_drawn_as_far_as_it_goes() -> None:
    assert contact_sheet(np.zeros((1, 50, 100, 3), np.uint8), "ü/é").startswith(b"\x89PNG")


def test_the_same_sheet_is_the_same_bytes() -> None:
    frames_THWC = np.zeros((2, 50, 100, 3), np.uint8)
    assert contact_sheet(frames_THWC, "a") == contact_sheet(frames_THWC, "a")


def test_a_sheet_needs_frames() -> None:
    with pytest.raises(ValueError, match="frames"):
        contact_sheet(np.zeros((0, 50, 100, 3), np.uint8), "a")
