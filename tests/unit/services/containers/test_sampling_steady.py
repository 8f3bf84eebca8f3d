"""`steady`: one frame for each point of a grid of time, so that an index is a time."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.media.clip import Media
from services.base.media.video import DecodeFacts
from services.containers.config import DecodeConfig
from services.containers.sampling import sampled
from services.decode.stage import open_stage


def steady(times_s: list[float]) -> list[int]:
    """Indices of the frames given at 25 Hz for frames at these times."""
    return [index for index, _ in sampled(enumerate(times_s), "steady", 25.0)]


@pytest.mark.parametrize(
    ("rate_hz", "num_frames", "num_given"),
    [(25, 75, 75), (50, 150, 75), (Fraction(30000, 1001), 90, 75), (15, 45, 75), (12.5, 38, 76), (100, 300, 75)],
)
def test_three_seconds_are_75_frames_whatever_the_rate_and_each_is_the_nearest(rate_hz, num_frames, num_given) -> None:
    times_s = [k / float(rate_hz) for k in range(num_frames)]
    given_frames = steady(times_s)
    assert len(given_frames) == num_given
    for k, index in enumerate(given_frames):
        off_s = abs(times_s[index] - k / 25)
        assert off_s <= min(abs(t - k / 25) for t in times_s) + 1e-6


@given(st.lists(st.floats(-0.0195, 0.0195), min_size=2, max_size=80), st.floats(0, 1e4))
def test_a_jitter_of_less_than_half_a_period_changes_nothing(jitter_s: list[float], first_s: float) -> None:
    # Told from the first frame, so its own jitter is everybody's.
    times_s = [first_s + k / 25 + (off / 2 if k else 0.0) for k, off in enumerate(jitter_s)]
    assert steady(times_s) == list(range(len(times_s)))


@pytest.mark.parametrize(
    ("times_s", "expected"),
    [
        pytest.param([], [], id="no frame"),
        pytest.param([7.0], [0], id="one frame is one frame"),
        pytest.param([0.0, 0.04, 0.16, 0.2], [0, 1, 1, 2, 2, 3], id="a hole is held from both sides"),
        pytest.param([0.0, 0.04, 0.05, 0.08], [0, 1, 3], id="of two for one place the nearer"),
        pytest.param([0.0, 0.04, 10.0], [0] + [1] * 125 + [2] * 125, id="a long hole is as long as it is"),
    ],
)
def test_places(times_s: list[float], expected: list[int]) -> None:
    assert steady(times_s) == expected


@given(st.lists(st.floats(0.001, 0.5), min_size=1, max_size=60))
def test_frames_keep_their_order_and_times_never_go_back(steps_s: list[float]) -> None:
    times_s = list(itertools.accumulate(steps_s))
    kept = list(sampled(enumerate(times_s), "steady", 25.0))
    assert [i for i, _ in kept] == sorted(i for i, _ in kept)
    assert all(a <= b + 1e-9 for (_, a), (_, b) in itertools.pairwise(kept))


def delivered(data: bytes, max_frames: int) -> tuple[int, DecodeFacts]:
    config = DecodeConfig(max_frames=max_frames, sampling="steady", target_fps=25.0)
    with open_stage(config)(Media.of_bytes("clip", data)) as stream:
        return sum(len(chunk) for chunk in stream), stream.facts()


@pytest.mark.parametrize(
    ("rate_hz", "num_frames", "num_delivered", "truncated", "duration_s"),
    [
        pytest.param(25, 20, 20, False, 0.8, id="as many as there are"),
        pytest.param(25, 21, 20, True, 0.84, id="one more"),
        pytest.param(50, 40, 20, False, 0.8, id="twice the rate, as long"),
        pytest.param(50, 44, 20, True, 0.88, id="twice the rate, longer"),
        pytest.param(50, 20, 10, False, 0.4, id="twice the rate, shorter"),
        pytest.param(15, 12, 20, False, 0.8, id="a lower rate, as long"),
        pytest.param(15, 15, 20, True, 1.0, id="a lower rate, longer"),
    ],
)
def test_a_limit_counts_frames_delivered_and_tells_what_lies_behind(
    clip, rate_hz, num_frames, num_delivered, truncated, duration_s
) -> None:
    num, facts = delivered(clip(num_frames=num_frames, rate_hz=rate_hz), 20)
    assert (num, facts.truncated) == (num_delivered, truncated)
    assert facts.num_frames == num
    assert facts.duration_s == pytest.approx(duration_s, abs=0.002)
    assert facts.rate_hz == pytest.approx(rate_hz, rel=0.01)


def test_held_frames_are_counted(clip) -> None:
    pts = [0, 1, 2, 6, 7, 8]
    num, facts = delivered(clip(num_frames=6, pts=pts), 0)
    assert (num, facts.num_held, facts.num_decoded) == (9, 3, 6)
    assert [round(hole.at_s, 3) for hole in facts.holes] == [0.12]
