"""What is said between epochs: the place, the speed since the last line, and what is left at the speed so far."""

import pytest

from services.training.pace import Pace


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_line_is_said_in_4_s_at_most_and_tells_speed_and_rest() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.add(80)
    assert pace.line(1, 0.10, 3.0) == ""
    clock.now_s += 3.9
    assert pace.line(2, 0.11, 2.9) == ""
    clock.now_s += 0.1
    assert pace.line(3, 0.12, 2.5) == "12%, step 3: loss 2.5000, 20.0 items/s, 2m 56s left"
    pace.add(8)
    clock.now_s += 4
    assert pace.line(4, 1.0, 2.0) == "100%, step 4: loss 2.0000, 2.0 items/s, 0 s left"


@pytest.mark.parametrize(("share", "left"), [(0.502, "2h 46m left"), (0.6, "2m 40s left")])
def test_a_training_that_goes_on_is_measured_from_where_it_does(share: float, left: str) -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.line(500, 0.5, 1.0)
    clock.now_s += 40
    assert pace.line(501, share, 1.0).endswith(left)


def test_nothing_is_guessed_of_the_rest_before_there_was_a_step() -> None:
    clock = Clock()
    pace = Pace(clock)
    clock.now_s += 10
    assert pace.line(1, 0.1, 1.0) == "10%, step 1: loss 1.0000, 0.0 items/s"
