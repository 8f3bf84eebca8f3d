"""The loop over shards: what it does with the decision's answers, whatever the backend."""

import dataclasses

import pytest

from orchestrator.runs.actions import Fail, Finish, Wait
from orchestrator.runs.map import drive as loop
from orchestrator.runs.map.decision import BackendPolicies, MapState, Scale, Start
from orchestrator.runs.map.drive import drive
from orchestrator.runs.policy import Policy
from services.base.errors import Transient


class Backend:
    """Two shards in one slot; each look has the last one's started shard done. faults: looks that fail."""

    def __init__(self, *, faults=(), **state) -> None:
        self.policies = BackendPolicies()
        self._faults = set(faults)
        self._state = MapState(2, slots=1, **state)
        self.looks: list[bool] = []
        self.applied: list[object] = []
        self.waited: list[float | None] = []
        self.told: list[str] = []

    def observe(self, *, exact):
        self.looks.append(exact)
        if len(self.looks) in self._faults:
            raise Transient("STORE_UNREACHABLE", "no answer")
        done = frozenset(shard for action in self.applied if isinstance(action, Start) for shard in action.shards)
        return dataclasses.replace(self._state, done=done, is_exact=exact or self._state.is_exact)

    def apply(self, action):
        self.applied.append(action)

    def away(self, error, for_s):
        self.told.append(error.reason)

    def wait(self, at_most_s):
        self.waited.append(at_most_s)


def shards(backend):
    return [action.shards for action in backend.applied if isinstance(action, Start)]


def test_until_every_shard_is_done():
    backend = Backend()
    assert drive(backend, Policy()) is None
    assert shards(backend) == [(0,), (1,)] and backend.applied[-1] == Finish()
    assert backend.waited == [None, None]
    assert backend.looks == [False] * 3


def test_what_starts_or_ends_is_decided_by_what_the_store_says_now():
    backend = Backend(is_exact=False)
    assert drive(backend, Policy()) is None
    assert backend.looks == [False, True] * 3


def test_a_wait_or_another_parallelism_needs_no_listing():
    backend = Backend(is_exact=False, running=frozenset({0, 1}))
    backend.policies = BackendPolicies(idle=(lambda _: Scale("j", 3) if len(backend.looks) == 1 else None,))
    backend.wait = lambda at_most_s: backend.waited.append(at_most_s) or len(backend.waited) < 2 or stop()

    def stop():
        backend._state = dataclasses.replace(backend._state, interrupted="detached")

    assert drive(backend, Policy()) == Fail("detached", 130)
    assert backend.applied[:2] == [Scale("j", 3), Wait()]
    assert backend.looks == [False, False, False, True]


def test_a_store_that_does_not_answer_is_waited_for():
    backend = Backend(faults={1, 2})
    assert drive(backend, Policy()) is None
    assert backend.told == ["STORE_UNREACHABLE"] * 2 and shards(backend) == [(0,), (1,)]


def test_but_not_for_ever(monkeypatch):
    monkeypatch.setattr(loop, "_AWAY_LIMIT_S", -1.0)
    with pytest.raises(Transient):
        drive(Backend(faults={1}), Policy())


def test_an_end_is_applied_and_answered():
    backend = Backend(stopped=Fail("OTHER_RUN: ...", 78))
    assert drive(backend, Policy()) == Fail("OTHER_RUN: ...", 78)
    assert backend.applied == [Fail("OTHER_RUN: ...", 78)]
