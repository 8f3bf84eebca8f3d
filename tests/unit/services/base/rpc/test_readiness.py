"""Which errors a server waits out, and what it tells of what it lacks."""

import threading
from collections import deque
from collections.abc import Callable, Iterator

import pytest

from services.base.errors import BadConfig, BadInput, Transient, VisemillError
from services.base.rpc.readiness import RECHECK_S, Need, Readiness, may_come, pause_after

MISSING = BadConfig("BUCKET_MISSING", "there is no bucket")
AWAY = Transient("UNAVAILABLE", "nobody answers")


@pytest.mark.parametrize(
    ("error", "comes"),
    [
        (AWAY, True),
        (MISSING, True),
        (BadConfig("NO_MODEL", "x"), True),
        (BadConfig("WEIGHTS_MISSING", "x"), True),
        (BadConfig("MODEL_DIFFERS", "x"), True),
        (BadConfig("BAD_SETTING", "x"), False),
        (BadConfig("BAD_TARGET", "x"), False),
        (BadConfig("LIBRARY_MISSING", "x"), False),
        (BadConfig("STAGE_DID_NOT_OPEN", "x"), False),
        (VisemillError("INTERNAL_ERROR", "x"), False),
        (BadInput("NO_FACE", "x"), False),
    ],
)
def test_what_lies_outside_may_come_and_a_wrong_setting_never(error: VisemillError, comes: bool) -> None:
    assert may_come(error) is comes


def test_pauses_double_up_to_a_bound() -> None:
    assert [pause_after(n) for n in (0, 1, 2, 3, 5, 6, 1000)] == [RECHECK_S, 0.5, 1.0, 2.0, 8.0, 10.0, 10.0]


class Told:
    """A readiness over one need that goes by a script, and what it has told."""

    def __init__(self, script: list[VisemillError | None]) -> None:
        self.stopping = threading.Event()
        self.said: list[str] = []
        self._script = deque(script)
        self._changed = threading.Condition()
        self.readiness = Readiness([Need("the thing", self._check)], self.stopping)
        self.readiness.start(self._hear)

    def _check(self) -> None:
        error = self._script.popleft() if len(self._script) > 1 else self._script[0]
        if error is not None:
            raise error

    def _hear(self, error: VisemillError | None) -> None:
        with self._changed:
            self.said.append(error.reason if error else "")
            self._changed.notify_all()

    def wait_said(self, *expected: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.said[: len(expected)] == list(expected), 30), self.said


@pytest.fixture
def told() -> Iterator[Callable[..., Told]]:
    made: list[Told] = []

    def make(*script: VisemillError | None) -> Told:
        made.append(Told(list(script)))
        return made[-1]

    yield make
    for each in made:
        each.readiness.stop()


def test_what_is_missing_is_told_until_it_is_there(told: Callable[..., Told]) -> None:
    told(MISSING, AWAY, None).wait_said("BUCKET_MISSING", "UNAVAILABLE", "")


def test_a_setting_that_is_never_right_stops_the_server_even_after_a_wait(told: Callable[..., Told]) -> None:
    for script in ([BadConfig("BAD_SETTING", "x")], [AWAY, BadConfig("BAD_SETTING", "x")]):
        one = told(*script)
        assert one.stopping.wait(30)
        with pytest.raises(BadConfig, match="BAD_SETTING"):
            one.readiness.raise_fatal()


def test_once_it_has_served_nothing_ends_it(told: Callable[..., Told]) -> None:
    one = told(None, BadConfig("BAD_SETTING", "x"), None)
    one.wait_said("")
    one.readiness.look_now()
    one.wait_said("", "BAD_SETTING", "")
    assert not one.stopping.is_set()
    one.readiness.raise_fatal()


def test_the_log_has_a_line_a_change_and_not_one_a_look(
    told: Callable[..., Told], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "services.base.rpc.readiness")
    told(MISSING, MISSING, AWAY, None).wait_said("BUCKET_MISSING", "BUCKET_MISSING", "UNAVAILABLE", "")
    lines = [record.message for record in caplog.records]
    assert lines[:3] == [
        "not serving, the thing: there is no bucket",
        "not serving, the thing: nobody answers",
        "serving: all that was missing is there",
    ]
