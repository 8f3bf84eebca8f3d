"""The runs that a server knows: what it forgets, over a registry in a folder."""

import dataclasses

import pytest

from orchestrator.access.allowed import Allowed
from orchestrator.access.request import RunRequest, RunRoots
from orchestrator.pipelines.grid.options import GridOptions
from orchestrator.service.config import HostConfig
from orchestrator.service.host import RunHost
from orchestrator.service.owners import Owners
from orchestrator.service.record import Phase, Pinned, RunRecord
from orchestrator.service.registry import Registry
from orchestrator.service.retention import Keep
from services.base.errors import BadConfig

DAY_S = 86400.0
NOW_S = 1000 * DAY_S
RECORD = RunRecord(
    RunRequest("grid", GridOptions(), RunRoots("/in", "/out")), Pinned("r", "d", "/state", 4, 20), 1.0, 1
)


def _run(name, days_ago=0.0, phase=Phase.FINISHED, **values):
    ended_at_s = NOW_S - days_ago * DAY_S if phase.ended else 0.0
    pinned = dataclasses.replace(RECORD.pinned, name=name)
    return dataclasses.replace(RECORD, pinned=pinned, phase=phase, ended_at_s=ended_at_s, **values)


def _names(records):
    return {record.pinned.name for record in records}


class Clock:
    now_s = NOW_S

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def started(tmp_path, clock, monkeypatch):
    """A host over these records, which carries none of them."""
    for method in ("_place", "_keep_pruned"):
        monkeypatch.setattr(RunHost, method, lambda self: None)
    hosts = []

    def start(*records, **config):
        for record in records:
            Registry(str(tmp_path)).save(record)
        host = RunHost(Registry(str(tmp_path)), Allowed(("/",)), HostConfig(**config), clock)
        host.start()
        hosts.append(host)
        return host

    yield start
    for host in hosts:
        host.stop()


def test_ended_runs_are_forgotten_in_memory_and_in_the_registry_as_time_passes(started, clock, tmp_path):
    old, new, live = _run("old", 5), _run("new", 1), _run("live", phase=Phase.QUEUED)
    host = started(old, new, live, keep=Keep(10, 7.0))
    assert host.prune() == []
    clock.now_s += 3 * DAY_S
    assert host.prune() == [old.id]
    assert _names(host.records()) == _names(Registry(str(tmp_path)).records()) == {"new", "live"}
    with pytest.raises(BadConfig, match="NO_RUN"):
        host.get(old.id)
    clock.now_s += 1000 * DAY_S
    assert host.prune() == [new.id]
    assert _names(Registry(str(tmp_path)).records()) == {"live"}


def test_the_number_of_ended_runs_is_bounded(started, tmp_path):
    host = started(*(_run(f"r{i}", i) for i in range(5)), keep=Keep(2, 90.0))
    assert len(host.prune()) == 3
    assert _names(host.records()) == _names(Registry(str(tmp_path)).records()) == {"r0", "r1"}


def test_runs_are_open_to_their_owners_and_to_operators(started):
    alices, nobodys = _run("a", owner="CN=alice"), _run("n")
    host = started(alices, nobodys, owners=Owners(True, ("CN=ops",)))
    assert _names(host.records_of("CN=alice")) == {"a"}
    assert _names(host.records_of("CN=bob")) == set()
    assert _names(host.records_of("CN=ops")) == {"a", "n"}
    assert host.get(alices.id, "CN=alice") == host.cancel(alices.id, "CN=ops") == alices
    for refused in (host.get, host.cancel, lambda *call: next(host.watch(call[0], 0, lambda: None, call[1]))):
        with pytest.raises(BadConfig, match="RUN_OF_ANOTHER"):
            refused(alices.id, "CN=bob")


def test_a_run_of_another_is_not_submitted_again(started):
    alices = _run("a", owner="CN=alice")
    host = started(alices, owners=Owners(True))
    with host._changed:
        with pytest.raises(BadConfig, match="RUN_OF_ANOTHER"):
            host._enqueue(alices.request, alices.pinned, "CN=bob")
        assert host._enqueue(alices.request, alices.pinned, "CN=alice").owner == "CN=alice"


def test_a_run_that_another_server_has_taken_up_is_kept(started, tmp_path):
    ended = _run("r", 5)
    host = started(ended, keep=Keep(10, 1.0))
    Registry(str(tmp_path)).save(ended.queued(NOW_S))
    assert host.prune() == []
    assert [record.phase for record in Registry(str(tmp_path)).records()] == [Phase.QUEUED]


def test_an_ended_run_is_retried_by_its_owner_and_the_same_call_again_is_answered(started, tmp_path):
    ended, live = _run("r", 1, owner="CN=alice"), _run("live", phase=Phase.RUNNING, owner="CN=alice")
    host = started(ended, live, owners=Owners(True), attach_argv=("--attach",))
    with pytest.raises(BadConfig, match="RUN_OF_ANOTHER"):
        host.retry(ended.id, None, "CN=bob")
    with pytest.raises(BadConfig, match="RUN_NOT_ENDED"):
        host.retry(live.id, None, "CN=alice")
    again = host.retry(ended.id, None, "CN=alice")
    assert host.retry(ended.id, None, "CN=alice") == again
    assert again in Registry(str(tmp_path)).records()
    assert host._resume_words(again)[0] == "retry" and "--attach" not in host._resume_words(again)
    assert {"resume", "--attach"} <= set(host._resume_words(live))


def test_the_plan_that_a_retry_has_come_to_is_found_again_by_a_submit(started):
    ended = _run("r", 1, first_name="before")
    host = started(ended)
    with host._changed:
        again = host._enqueue(ended.request, ended.pinned, "")
    assert again.id == ended.id and len(host.records()) == 1
