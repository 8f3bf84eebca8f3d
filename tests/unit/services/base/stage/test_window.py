"""A window and what a batch of its clips is: values that cannot be wrong."""

import math

import pytest

from services.base.stage.window import ClipSize, Together, Window, like, values_of


@pytest.mark.parametrize(("num_steps", "duration_s"), [(-1, 0.0), (0, -1.0), (0, math.nan), (0, math.inf)])
def test_a_clip_has_a_length(num_steps: int, duration_s: float) -> None:
    with pytest.raises(ValueError, match="at least 0"):
        ClipSize("a", num_steps, duration_s)


@pytest.mark.parametrize(("num_clips", "duration_s"), [(0, 1.0), (1, 0.0)])
def test_a_window_holds_something(num_clips: int, duration_s: float) -> None:
    with pytest.raises(ValueError, match="must hold a clip"):
        Window(num_clips, duration_s, lambda key, artifacts: ClipSize(key, 1, 1.0), lambda sizes: [])


def test_a_stage_answers_as_it_was_asked() -> None:
    assert (values_of(Together((1, 2))), values_of(7)) == ((1, 2), (7,))
    assert like(Together((1, 2)), ["a", "b"]) == Together(("a", "b"))
    assert like(7, ["a"]) == "a"
    with pytest.raises(ValueError, match="as many answers, not 1"):
        like(Together((1, 2)), ["a"])
    with pytest.raises(ValueError, match="must hold a clip"):
        Together(())
