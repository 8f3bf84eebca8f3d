"""Several calls for one plan, callers that stop waiting, and a server that shuts down."""

import threading

import pytest

from orchestrator.access.request import RunRequest, RunRoots
from orchestrator.pipelines.grid.options import GridOptions
from orchestrator.service.planning import Plannings
from orchestrator.service.record import Pinned, RunRecord
from services.base.errors import BadConfig, Transient

RECORD = RunRecord(
    RunRequest("grid", GridOptions(), RunRoots("/in", "/out")), Pinned("r", "d", "/state", 4, 20), 1.0, 1
)
PATIENT = lambda: None  # noqa: E731


class Slow:
    """A plan that takes until it is let go. begun: how often it was begun."""

    def __init__(self) -> None:
        self.num_begun = 0
        self.may_end = threading.Event()

    def __call__(self) -> RunRecord:
        self.num_begun += 1
        assert self.may_end.wait(30)
        return RECORD


def impatient() -> None:
    raise Transient("DEADLINE_EXCEEDED", "the call's time is over")


def test_the_same_request_is_planned_once_at_a_time_and_again_later():
    plannings, slow, found = Plannings(), Slow(), []
    # Each is set by a thread that waits: then it has its call.
    waiting = [threading.Event() for _ in range(3)]

    def wait_with(event: threading.Event) -> None:
        found.append(plannings.result("k", slow, event.set))

    threads = [threading.Thread(target=wait_with, args=(event,)) for event in waiting]
    for thread in threads:
        thread.start()
    assert all(event.wait(30) for event in waiting)
    with pytest.raises(Transient, match="DEADLINE_EXCEEDED"):
        plannings.result("k", slow, impatient)
    slow.may_end.set()
    for thread in threads:
        thread.join(30)
    assert (found, slow.num_begun) == ([RECORD] * 3, 1)
    assert plannings.result("k", slow, PATIENT) is RECORD
    assert slow.num_begun == 2


def test_other_requests_are_not_waited_for():
    plannings, slow = Plannings(), Slow()
    with pytest.raises(Transient, match="DEADLINE_EXCEEDED"):
        plannings.result("a", slow, impatient)
    assert plannings.result("b", lambda: RECORD, PATIENT) is RECORD
    slow.may_end.set()


def test_what_a_plan_is_refused_with_is_raised_and_not_kept():
    plannings = Plannings()

    def refuse() -> RunRecord:
        raise BadConfig("NO_CLIPS", "none")

    with pytest.raises(BadConfig, match="NO_CLIPS"):
        plannings.result("k", refuse, PATIENT)
    assert plannings.result("k", lambda: RECORD, PATIENT) is RECORD


def test_a_server_that_shuts_down_plans_nothing_new():
    plannings = Plannings()
    plannings.close()
    with pytest.raises(Transient, match="DRAINING"):
        plannings.result("k", lambda: RECORD, PATIENT)
