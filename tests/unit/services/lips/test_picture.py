"""A picture's pixels, or why there are none."""

import cv2
import numpy as np
import pytest

from services.base.errors import BadInput
from services.lips.picture import picture_of

RED_HWC = np.full((4, 6, 3), (0, 0, 255), np.uint8)
PNG = cv2.imencode(".png", RED_HWC)[1].tobytes()


def test_a_picture_is_read_in_the_order_of_colours_that_is_asked_for() -> None:
    assert (picture_of(PNG, "0.png") == RED_HWC).all()
    assert (picture_of(PNG, "0.png", cv2.IMREAD_COLOR_RGB) == RED_HWC[..., ::-1]).all()


@pytest.mark.parametrize("data", [b"", b"no picture", PNG[: len(PNG) // 2]], ids=["empty", "text", "cut"])
def test_what_is_no_picture_is_named_with_its_bytes(data: bytes) -> None:
    with pytest.raises(BadInput, match=f"the {len(data)} bytes of full_body_img/7.png are no picture") as refused:
        picture_of(data, "full_body_img/7.png")
    assert refused.value.reason == "BAD_PICTURE"
