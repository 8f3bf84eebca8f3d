"""Holes, told from the times of frames."""

from __future__ import annotations

import pytest

from services.base.media.video import MAX_HOLES, TimeHole
from services.containers.timeline import hole_before, holes_of


@pytest.mark.parametrize(
    ("times_s", "expected"),
    [
        pytest.param([], (), id="no frame"),
        pytest.param([5.0], (), id="one frame"),
        pytest.param([0.5, 0.54, 0.58], (), id="a late start is none"),
        pytest.param([0.0, 0.04, 0.08, 0.2], (TimeHole(0.12, 0.08),), id="two frames are missing"),
        pytest.param([0.0, 0.04, 0.02, 0.06], (), id="nor is a step back"),
        pytest.param([k * 0.04 + (0.012 if k % 2 else 0.0) for k in range(75)], (), id="nor jitter of a third"),
    ],
)
def test_holes(times_s: list[float], expected: tuple[TimeHole, ...]) -> None:
    assert holes_of(times_s) == expected


def test_a_listing_of_holes_is_bounded() -> None:
    times_s = [t for k in range(500) for t in (k * 1.0, k * 1.0 + 0.04, k * 1.0 + 0.08)]
    assert len(holes_of(times_s)) == MAX_HOLES


@pytest.mark.parametrize(
    ("first_s", "starts_s", "expected"),
    [
        pytest.param(0.0, (0.0,), (), id="together"),
        pytest.param(0.08, (0.0, -0.02), (), id="as recorders begin"),
        pytest.param(0.6, (0.0,), (TimeHole(-0.6, 0.6),), id="the sound begins 15 frames before"),
        pytest.param(5.6, (5.3, 5.0), (TimeHole(-0.6, 0.6),), id="the first sound counts, wherever clocks begin"),
        pytest.param(5.0, (), (), id="nothing else says when the recording begins"),
        pytest.param(0.0, (5.0,), (), id="a late sound is no missing picture"),
        pytest.param(90_000.0, (0.0,), (), id="another clock"),
    ],
)
def test_what_is_missing_before_the_first_frame(first_s: float, starts_s: tuple[float, ...], expected: tuple) -> None:
    assert hole_before(first_s, starts_s) == expected
