"""What worker processes say, as the decision about shards wants it; driven by the loop over scripted workers."""

import pytest

from orchestrator.execution.local_map import LocalMap
from orchestrator.execution.local_workers import WorkerEvent
from orchestrator.runs.actions import Fail
from orchestrator.runs.map import decision
from orchestrator.runs.map.drive import drive
from orchestrator.runs.policy import Policy
from services.base.process.retry import Backoff


class Workers:
    """Workers that answer for a shard, at its N-th attempt, with what the script says: exit codes, `bad`, or done."""

    def __init__(self, num_slots, script) -> None:
        self.num_slots = num_slots
        self._script = {shard: list(answers) for shard, answers in script.items()}
        self._events: list[WorkerEvent] = []
        self.given: list[tuple[int, int]] = []

    def submit(self, slot, shard, attempt):
        self.given.append((shard, attempt))
        answer = self._script.get(shard, []).pop(0) if self._script.get(shard) else "done"
        told = [{"event": "clip", "shard": shard, "ok": answer != "bad"}]
        match answer:
            case "done":
                told.append({"event": "shard_done", "shard": shard})
            case "bad":
                told.append({"event": "shard_bad", "shard": shard, "message": "too many"})
            case code:
                told.append({"event": "exit", "code": code, "reason": "WHY", "message": f"ends with {code}"})
        self._events += [WorkerEvent(slot, 1, event) for event in told]

    def wait(self, timeout_s):
        events, self._events = self._events, []
        return events


class Progress:
    shards = (0, 0)

    def __init__(self) -> None:
        self.said: list[str] = []
        self.num_clips = 0

    def say(self, text):
        self.said.append(text)

    def clip(self, *, ok):
        self.num_clips += 1

    def undo(self, num_clips):
        self.num_clips -= num_clips

    def tick(self, note=""):
        pass


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(decision, "_BACKOFF", Backoff(first_s=1e-9, most_s=1e-9))


def run(script, *, num_shards=3, num_slots=2, policy=None, stops=False, check=lambda: None, **known):
    workers, progress = Workers(num_slots, script), Progress()
    known = {"done": (), "quarantined": {}, "num_problems": 0, **known}
    backend = LocalMap(num_shards, workers, progress, lambda: stops, check, **known)
    return drive(backend, policy or Policy(max_attempts=2)), workers, progress


def test_every_shard_is_given_once_to_a_worker():
    failed, workers, progress = run({})
    assert failed is None and sorted(workers.given) == [(0, 1), (1, 1), (2, 1)]
    assert progress.num_clips == 3 and progress.shards == (3, 3)


def test_what_is_done_is_not_given_again():
    failed, workers, _ = run({}, done={0, 2})
    assert failed is None and workers.given == [(1, 1)]


def test_a_shard_whose_worker_failed_is_given_again_and_its_clips_are_not_counted_twice():
    failed, workers, progress = run({1: [-9]})
    assert failed is None and [pair for pair in workers.given if pair[0] == 1] == [(1, 1), (1, 2)]
    assert progress.num_clips == 3


def test_a_shard_that_fails_every_attempt_ends_the_run_when_the_others_are_done():
    failed, workers, _ = run({0: [75, 75]}, num_slots=1)
    said = "shards 0 failed in every attempt (WHY: ends with 75): see the logs, then resume"
    assert failed == Fail(said, 75)
    assert {shard for shard, _ in workers.given} == {0, 1, 2}


def test_a_bad_shard_is_not_tried_again():
    failed, workers, progress = run({0: ["bad"]})
    assert failed == Fail("shards 0 have too many quarantined clips", 65)
    assert len(workers.given) == 3 and "shard 0 given up: too many" in progress.said


def test_a_bad_config_ends_the_run_at_once():
    failed, workers, progress = run({0: [78]}, num_slots=1)
    assert failed == Fail("WHY: ends with 78", 78) and workers.given == [(0, 1)]
    assert progress.said[-1] == "stopping the workers (WHY: ends with 78); shards that are done are kept"


def test_clips_in_quarantine_count_whenever_they_were_found():
    failed, _, _ = run({}, policy=Policy(max_failures=3), quarantined={0: 2}, done={0}, num_problems=2)
    assert failed is not None and failed.exit_code == 65 and failed.why.startswith("4 clips in quarantine")


def test_an_interrupt_ends_it():
    failed, workers, _ = run({}, stops=True)
    assert failed == Fail("interrupted", 130) and workers.given == []


def test_with_nothing_left_no_worker_is_needed():
    backend = LocalMap(
        *(1, None, Progress(), lambda: False, lambda: None), done={0}, quarantined={0: 9}, num_problems=0
    )
    assert drive(backend, Policy()) is None
    (failed,) = [drive(backend, Policy(max_failures=3))]
    assert failed is not None and failed.exit_code == 65
