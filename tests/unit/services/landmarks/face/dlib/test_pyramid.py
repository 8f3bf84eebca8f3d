"""The pyramid is dlib's: the same sizes, nearly the same pixels, the same way back to the frame."""

import dlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.landmarks.face.dlib.pyramid import Pyramid, Rect

SIZES = [(360, 288), (720, 576), (180, 144), (200, 71), (64, 64)]


def dlib_levels(frame_HWC: np.ndarray, pyramid: Pyramid) -> list[np.ndarray]:
    width, height = pyramid.sizes_px[0]
    shrink = dlib.pyramid_down(6)
    levels = [dlib.resize_image(frame_HWC, height, width)]
    while len(levels) < len(pyramid):
        levels.append(shrink(levels[-1]))
    return levels


def textured(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    waves = [128 + 80 * np.sin(x / a) * np.cos(y / b) for a, b in ((5, 9), (7, 4), (11, 6))]
    return np.ascontiguousarray(np.stack(waves, axis=2).astype(np.uint8))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_levels_have_the_sizes_of_dlibs(width: int, height: int) -> None:
    pyramid = Pyramid(width, height)
    levels = dlib_levels(np.zeros((height, width, 3), np.uint8), pyramid)
    assert [(level.shape[1], level.shape[0]) for level in levels] == list(pyramid.sizes_px)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_pixels_are_dlibs_but_for_the_fractions_that_dlib_cuts_off(width: int, height: int) -> None:
    pyramid = Pyramid(width, height)
    frame = textured(width, height)
    ours = pyramid.whole(frame, range(len(pyramid)))
    for level, theirs in enumerate(dlib_levels(frame, pyramid)):
        assert np.std(ours[level].astype(float) - theirs) < 1.2


def test_a_part_of_a_level_is_what_the_whole_level_shows_there() -> None:
    pyramid = Pyramid(360, 288)
    frame = textured(360, 288)
    rect = Rect(100, 90, 208, 198)
    regions = {level: pyramid.square_around(rect, level, 112) for level in (5, 6, 7)}
    whole = pyramid.whole(frame, regions)
    for level, part in pyramid.cut(frame, regions).items():
        region = regions[level]
        expected = whole[level][region.top : region.bottom, region.left : region.right].astype(int)
        assert np.abs(part.astype(int) - expected).max() <= 1


@given(st.integers(64, 1920), st.integers(64, 1080), st.floats(-0.2, 1.2), st.floats(-0.2, 1.2), st.integers(0, 8))
def test_a_square_lies_on_the_cells_and_inside_the_level(
    width: int, height: int, x: float, y: float, level: int
) -> None:
    pyramid = Pyramid(width, height)
    level = min(level, len(pyramid) - 1)
    rect = Rect(0, 0, 100, 100).shifted(int(x * width), int(y * height))
    square = pyramid.square_around(rect, level, 112)
    level_width, level_height = pyramid.sizes_px[level]
    assert square.left % 8 == 0 and square.top % 8 == 0
    assert 0 <= square.left < square.right <= min(level_width, square.left + 112)
    assert 0 <= square.top < square.bottom <= min(level_height, square.top + 112)


@pytest.mark.parametrize("level", range(12))
def test_a_window_is_known_by_its_size(level: int) -> None:
    pyramid = Pyramid(720, 576)
    window = Rect(21, 29, 21 + 72, 29 + 72)
    in_frame = pyramid.to_frame(window, level)
    assert pyramid.level_of(in_frame) == level
    x, y = pyramid.centre_on(in_frame, level)
    assert (x, y) == (pytest.approx(57, abs=2), pytest.approx(65, abs=2))


def test_way_back_rounds_where_dlib_does() -> None:
    """A rectangle that dlib 20 reports with upsampling 1 for a window on level 6 of a 360x288 frame."""
    assert Pyramid(360, 288).to_frame(Rect(61, 85, 133, 157), 6) == Rect(91, 128, 199, 235)
