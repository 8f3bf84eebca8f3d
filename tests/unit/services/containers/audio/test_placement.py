"""Where frames of samples lie in time, by their times alone."""

from fractions import Fraction

import pytest

from services.base.media.video import MAX_HOLES
from services.containers.audio.placement import Place, Placement

MS = Fraction(1, 1000)


def placed(times: list[int | None], num_samples: int = 1000, rate_hz: int = 10_000) -> tuple[list[Place], Placement]:
    placement = Placement(rate_hz, MS)
    return [placement.place(pts, num_samples) for pts in times], placement


@pytest.mark.parametrize(
    ("times", "places"),
    [
        ([0, 100, 200], [Place(), Place(), Place()]),
        ([500, 600, 700], [Place(), Place(), Place()]),
        ([0, 99, 201, 300], [Place()] * 4),
        ([0, 115, 200], [Place()] * 3),
        ([0, 116], [Place(), Place(num_silent=160)]),
        ([0, 200, 300], [Place(), Place(num_silent=1000), Place()]),
        ([0, 50, 150], [Place(), Place(num_skipped=500), Place()]),
        ([0, 0, 100], [Place(), Place(num_skipped=1000), Place()]),
        ([None, 100, None, 300], [Place()] * 4),
        ([0, None, 300], [Place(), Place(), Place(num_silent=1000)]),
        ([0, 70_000, 70_100], [Place()] * 3),
        ([5000, 4000, 4100], [Place()] * 3),
    ],
    ids=[
        "in a row", "begins late", "rounded", "within rounding", "a gap", "a lost frame", "half an overlap", "twice",
        "without times", "a gap behind one without a time", "another clock ahead", "another clock back",
    ],
)  # fmt: skip
def test_a_frame_is_placed_by_its_time(times: list[int | None], places: list[Place]) -> None:
    assert placed(times)[0] == places


def test_what_was_done_is_counted() -> None:
    _, placement = placed([1000, 1200, 1250, None, 1450, 90_000, 0])
    assert placement.start_s == 1.0
    assert (placement.num_gaps, placement.num_silent) == (1, 1000)
    assert (placement.num_overlaps, placement.num_skipped) == (1, 500)
    assert (placement.num_derived, placement.num_restarts) == (1, 2)
    assert placement.gaps == ((0.1, 0.1),)


def test_rounding_does_not_add_up() -> None:
    times = [round(i * 1024 / 44.1) for i in range(2000)]
    places, placement = placed(times, 1024, 44_100)
    assert {*places} == {Place()}
    assert placement.num_gaps == placement.num_overlaps == 0


def test_of_many_gaps_so_many_are_listed() -> None:
    _, placement = placed([i * 200 for i in range(MAX_HOLES + 50)])
    assert (placement.num_gaps, len(placement.gaps)) == (MAX_HOLES + 49, MAX_HOLES)
