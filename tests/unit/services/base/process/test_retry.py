"""Patience: which pauses, for how long, and what is raised at its end."""

import logging
import math
import re
from collections.abc import Callable

import pytest

from services.base.errors import BadConfig, Transient
from services.base.process import retry
from services.base.process.retry import CALLS, Backoff, Retryable, poll, retry_with_timeout

DOWN = Transient("STORE_UNREACHABLE", "down")


class Clock:
    """Time that passes only by sleeping, and by work_s at each call of attempt."""

    def __init__(self, work_s: float = 0.0) -> None:
        self.now_s, self.work_s = 0.0, work_s
        self.pauses_s: list[float] = []

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.pauses_s.append(seconds)
        self.now_s += seconds

    def failing(self, times: int) -> Callable[[], str]:
        def attempt() -> str:
            nonlocal times
            self.now_s += self.work_s
            times -= 1
            if times >= 0:
                raise Retryable(DOWN)
            return "up"

        return attempt


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(retry, "time", clock)
    return clock


@pytest.mark.parametrize(
    ("backoff", "pauses_s"),
    [
        (Backoff(first_s=0.2, most_s=5.0), [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]),
        (Backoff(first_s=1.0, most_s=60.0), [1, 2, 4, 8, 16, 32, 60, 60]),
        (Backoff(first_s=1.0, most_s=9.0, factor=3.0), [1, 3, 9, 9]),
        (Backoff(first_s=0.2, most_s=0.2), [0.2, 0.2, 0.2]),
        (Backoff(first_s=2.0, most_s=9.0, factor=1.0), [2, 2, 2]),
    ],
)
def test_pauses_grow_by_a_factor_up_to_the_most(backoff: Backoff, pauses_s: list[float]) -> None:
    assert [backoff.pause_s(attempt + 1) for attempt in range(len(pauses_s))] == pytest.approx(pauses_s)
    assert backoff.pause_s(1_000_000) <= backoff.most_s


def test_chance_takes_away_at_most_the_jitter() -> None:
    backoff = Backoff(first_s=4.0, most_s=8.0, jitter=0.25)
    assert [backoff.pause_s(1, chance) for chance in (0.0, 0.5, 1.0)] == [4.0, 3.5, 3.0]
    assert Backoff(first_s=4.0, most_s=8.0).pause_s(2, chance=1.0) == 8.0


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"first_s": 0.0}, "0 < first_s"),
        ({"first_s": 9.0}, "first_s <= most_s"),
        ({"most_s": math.inf}, "up to inf s"),
        ({"first_s": math.nan}, "nan"),
        ({"factor": 0.5}, "give 1 or more"),
        ({"jitter": 1.5}, "give 0 to 1"),
        ({"jitter": -0.1}, "give 0 to 1"),
    ],
)
def test_a_backoff_cannot_be_invalid(values: dict[str, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Backoff(**{"first_s": 1.0, "most_s": 5.0, **values})


def test_attempts_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="attempt 0"):
        CALLS.pause_s(0)


def test_what_works_is_called_once(clock: Clock) -> None:
    assert retry_with_timeout(clock.failing(0)) == "up"
    assert clock.pauses_s == []


def test_pauses_double_up_to_five_seconds_and_are_shortened_by_up_to_half(clock: Clock) -> None:
    assert retry_with_timeout(clock.failing(8)) == "up"
    longest_s = [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    assert len(clock.pauses_s) == len(longest_s)
    for pause_s, limit_s in zip(clock.pauses_s, longest_s, strict=True):
        assert limit_s / 2 <= pause_s <= limit_s


def test_an_outage_of_fifty_seconds_costs_nothing_and_of_seventy_is_transient(clock: Clock) -> None:
    def back_after(outage_s: float) -> Callable[[], str]:
        def attempt() -> str:
            if clock.now_s < outage_s:
                raise Retryable(DOWN)
            return "up"

        return attempt

    assert retry_with_timeout(back_after(50)) == "up"
    clock.now_s = 0.0
    with pytest.raises(Transient) as caught:
        retry_with_timeout(back_after(70))
    assert caught.value is DOWN
    assert 55 <= clock.now_s <= 60


def test_patience_begins_at_the_first_failure_not_at_the_call(clock: Clock) -> None:
    clock.work_s = 50.0
    assert retry_with_timeout(clock.failing(1)) == "up"


def test_what_time_cannot_heal_is_raised_at_once(clock: Clock) -> None:
    def attempt() -> None:
        raise BadConfig("ACCESS_DENIED", "no")

    with pytest.raises(BadConfig):
        retry_with_timeout(attempt)
    assert clock.pauses_s == []


def test_a_reason_is_logged_once_and_then_that_it_lasts(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        retry_with_timeout(clock.failing(12))
    first, *rest = caplog.messages
    assert "down; trying again for 60 s" in first and len(rest) >= 4
    assert all(re.fullmatch(r"still trying \(\d+ of 60 s\)", message) for message in rest)


def test_another_reason_is_logged_as_well(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    reasons = ["busy", "away", "busy", "away"]

    def attempt() -> None:
        if reasons:
            raise Retryable(Transient("AWAY", reasons.pop()))

    with caplog.at_level(logging.WARNING):
        retry_with_timeout(attempt)
    assert [message.partition(";")[0] for message in caplog.messages] == ["AWAY: away", "AWAY: busy"]


@pytest.mark.parametrize(
    ("answers", "limit_s", "expected", "asked"),
    [([1], 0.0, 1, 1), ([None, None, 3], 60.0, 3, 3), ([None, None], 0.0, None, 1), ([0], 60.0, 0, 1)],
)
def test_what_another_makes_is_asked_for_until_it_is_there(monkeypatch, answers, limit_s, expected, asked):
    pauses, left = [], list(answers)
    monkeypatch.setattr("time.sleep", pauses.append)
    assert poll(lambda: left.pop(0), limit_s=limit_s, every_s=0.2) == expected
    assert len(answers) - len(left) == asked and pauses == [0.2] * (asked - 1)
