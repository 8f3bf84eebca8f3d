import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.training.lipreading.preparation.draws import (
    AS_IT_IS,
    Augmentation,
    ClipDraw,
    draw_clip,
    greatest_speed,
    num_frames_at,
    uniform,
)

MANY = [draw_clip(Augmentation(num_masks=2), f"0/0/s1/{i}", 75) for i in range(500)]


def test_a_name_has_one_value_on_every_machine() -> None:
    assert uniform("0/0/s1/bbaf2n/flip") == 0.966567542700952
    assert uniform("a") != uniform("b")


def test_values_are_spread_evenly() -> None:
    values = [uniform(str(i)) for i in range(4000)]
    assert 0 <= min(values) < 0.01
    assert 0.99 < max(values) < 1
    assert sum(values) / len(values) == pytest.approx(0.5, abs=0.02)


def test_a_clip_is_drawn_from_its_name_alone() -> None:
    one = draw_clip(Augmentation(), "0/0/s1/a", 75)
    assert one == draw_clip(Augmentation(), "0/0/s1/a", 75)
    assert one != draw_clip(Augmentation(), "0/1/s1/a", 75)
    # What a clip may be masked with does not change which way it is turned.
    assert one.flip == draw_clip(Augmentation(num_masks=3), "0/0/s1/a", 75).flip


def test_draws_fill_the_ranges_and_stay_in_them() -> None:
    assert sum(one.flip for one in MANY) / len(MANY) == pytest.approx(0.5, abs=0.07)
    speeds = [one.speed for one in MANY]
    assert 0.9 <= min(speeds) < 0.91
    assert 1.14 < max(speeds) <= 1.15
    gammas = [math.log(one.gamma) for one in MANY]
    assert max(map(abs, gammas)) <= math.log(1.25)
    assert min(gammas) < -0.2
    assert max(gammas) > 0.2
    for axis in (0, 1):
        shifts = [one.shift_yx[axis] for one in MANY]
        assert -1 <= min(shifts) < -0.95
        assert 0.95 < max(shifts) <= 1
    assert {size for one in MANY for _, size in one.masks} == set(range(7))


@given(name=st.text(max_size=5), num_frames=st.integers(1, 80))
def test_masks_lie_within_the_clip_and_leave_half_of_it(name: str, num_frames: int) -> None:
    one = draw_clip(Augmentation(), name, num_frames)
    frames = num_frames_at(num_frames, one.speed)
    for first, size in one.masks:
        assert 0 <= first <= first + size <= frames
        assert 2 * size <= frames


@given(name=st.text(max_size=5), num_frames=st.integers(1, 80), data=st.data())
def test_speed_leaves_the_frames_that_the_text_needs(name: str, num_frames: int, data: st.DataObject) -> None:
    least = data.draw(st.integers(1, num_frames))
    one = draw_clip(Augmentation(slowest=1.5, fastest=3), name, num_frames, least)
    assert num_frames_at(num_frames, one.speed) >= least


def test_a_clip_that_is_tested_is_changed_in_nothing() -> None:
    assert draw_clip(AS_IT_IS, "0/0/s1/a", 75) == ClipDraw(False, (0.0, 0.0), 1.0, 1.0, ())


@pytest.mark.parametrize(("num_frames", "speed", "frames"), [(75, 1, 75), (75, 2, 38), (75, 0.5, 149), (1, 4, 1)])
def test_frames_at_a_speed(num_frames: int, speed: float, frames: int) -> None:
    assert num_frames_at(num_frames, speed) == frames


def test_a_clip_with_too_few_frames_for_its_text_is_not_made_faster() -> None:
    assert greatest_speed(10, 12) == 1.0


@pytest.mark.parametrize(
    "bad", [{"flip": 1.5}, {"shift": -0.1}, {"brightness": -1}, {"slowest": 1.2}, {"fastest": 9}, {"num_masks": -1}]
)
def test_an_augmentation_has_values_that_make_sense(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Augmentation(**bad)
