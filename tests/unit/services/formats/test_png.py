import cv2
import numpy as np
import pytest

from services.formats.png import film_strip, png, png_of_photograph


@pytest.mark.parametrize("write", [png, png_of_photograph])
@pytest.mark.parametrize("channels", [1, 3])
def test_another_decoder_finds_the_same_pixels(channels: int, write) -> None:
    picture_HWC = np.random.default_rng(0).integers(0, 256, (7, 5, channels), np.uint8)
    read_HWC = cv2.imdecode(np.frombuffer(write(picture_HWC), np.uint8), cv2.IMREAD_UNCHANGED).reshape(7, 5, channels)
    assert (read_HWC[..., ::-1] == picture_HWC).all()


@pytest.mark.parametrize("write", [png, png_of_photograph])
@pytest.mark.parametrize("shape", [(2, 2, 2), (0, 2, 1)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...], write) -> None:
    with pytest.raises(ValueError, match="1 or 3 channels"):
        write(np.zeros(shape, np.uint8))


def test_a_photograph_is_smaller_than_by_opencv() -> None:
    y, x = np.mgrid[:240, :320]
    rng = np.random.default_rng(0)
    picture_HWC = (np.stack([y, x, x + y], -1) / 3 + rng.normal(0, 1.5, (240, 320, 3))).clip(0, 255).astype(np.uint8)
    assert len(png_of_photograph(picture_HWC)) < len(cv2.imencode(".png", picture_HWC)[1])


def test_a_film_strip_has_the_first_and_the_last_frame_and_no_frame_twice() -> None:
    frames_THWC = np.arange(21, dtype=np.uint8).reshape(21, 1, 1, 1)
    assert film_strip(frames_THWC, 5).ravel().tolist() == [0, 5, 10, 15, 20]
    assert film_strip(frames_THWC[:2], 5).ravel().tolist() == [0, 1]
    with pytest.raises(ValueError, match="a frame or more"):
        film_strip(frames_THWC[:0])
