"""Brushes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.corpus.drawing.paint import Canvas, bump, darker, lay, mixed, noise, soft, spline


def test_a_colour_on_nothing_is_that_colour_however_thin() -> None:
    picture = np.zeros((1, 3, 4), np.float32)
    lay(picture, (0.8, 0.4, 0.2), np.array([[0.0, 0.25, 1.0]]))
    np.testing.assert_allclose(picture[0, 1:, :3], [(0.8, 0.4, 0.2)] * 2, rtol=1e-6)
    np.testing.assert_allclose(picture[0, :, 3], [0, 0.25, 1])


@given(st.floats(0, 1), st.floats(0, 1))
def test_two_layers_mix_like_light_through_them(first: float, second: float) -> None:
    picture = np.zeros((1, 1, 4), np.float32)
    lay(picture, (1.0, 0.0, 0.0), np.full((1, 1), first))
    lay(picture, (0.0, 1.0, 0.0), np.full((1, 1), second))
    seen = picture[0, 0, :3] * picture[0, 0, 3]
    np.testing.assert_allclose(seen, [first * (1 - second), second, 0], atol=1e-5)


def test_on_an_opaque_picture_a_layer_mixes_by_its_cover() -> None:
    picture = np.full((1, 1, 3), 0.5, np.float32)
    lay(picture, (1.0, 0.5, 0.0), np.full((1, 1), 0.5))
    np.testing.assert_allclose(picture[0, 0], [0.75, 0.5, 0.25])


def test_a_soft_edge_lies_around_zero_and_never_falls() -> None:
    cover = soft(np.linspace(-1, 1, 201), 0.5)
    assert cover[0] == 0
    assert cover[100] == 0.5
    assert cover[-1] == 1
    assert (np.diff(cover) >= 0).all()


def test_a_bump_is_one_high_and_has_its_mirror_image() -> None:
    x, y = Canvas(-1, -1, 201, 201, 100).grid()
    one, two = bump(x, y, (0.5, 0.0), (0.1, 0.1)), bump(x, y, (0.5, 0.0), (0.1, 0.1), mirrored=True)
    assert one[100, 150] == pytest.approx(1, abs=1e-6)
    assert one[100, 50] == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(two, two[:, ::-1], atol=1e-5)


def test_a_spline_goes_through_its_points() -> None:
    points = [(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)]
    np.testing.assert_allclose(spline(points, 8)[::8], points, atol=1e-6)


def test_noise_is_the_same_for_ever() -> None:
    values = noise("wall:s1", (2, 3))
    assert values.dtype == np.float32
    np.testing.assert_array_equal(np.rint((values + 1) * 127.5), [[177, 54, 227], [151, 6, 54]])
    assert not np.array_equal(values, noise("wall:s2", (2, 3)))


def test_a_part_of_a_canvas_keeps_the_coordinates() -> None:
    canvas = Canvas(-2.0, -1.0, 400, 200, 100)
    rows, columns, part = canvas.part(-0.5, -0.25, 0.5, 0.75)
    x, y = canvas.grid()
    part_x, part_y = part.grid()
    np.testing.assert_allclose(part_x, x[:, columns], atol=1e-5)
    np.testing.assert_allclose(part_y, y[rows], atol=1e-5)


def test_a_canvas_without_pixels_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="needs pixels"):
        Canvas(0, 0, 0, 10, 100)


def test_red_fades_last() -> None:
    red, _, blue = darker((0.5, 0.5, 0.5), 0.5)
    assert red > 0.25 > blue
    assert mixed((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), 0.25) == (0.25, 0.0, 0.75)
