"""What becomes of a submitted run when the process that carries it has ended."""

import dataclasses

import pytest

from orchestrator.access.request import Limits, RunRequest, RunRoots
from orchestrator.pipelines.grid.options import GridOptions
from orchestrator.service.record import Exit, Phase, Pinned, RunRecord, after, record_from_json

PINNED = Pinned("r", "d" * 64, "/out/.visemill", 4, 20, ("decode",), ("a note",))
RECORD = RunRecord(RunRequest("grid", GridOptions(), RunRoots("/in", "/out")), PINNED, 100.0, 5, Phase.RUNNING)
SUMMARY = {"finished": False, "why": "w", "shards": {"done": 2, "total": 4}, "quarantined": 1, "exit_code": 65}


def _error(reason, kind="BAD_CONFIG"):
    return {"error": {"kind": kind, "reason": reason, "message": "m", "detail": ""}}


@pytest.mark.parametrize(
    ("phase", "ended", "expected"),
    [
        (Phase.RUNNING, Exit(0, {**SUMMARY, "finished": True}), Phase.FINISHED),
        (Phase.RUNNING, Exit(3, {**SUMMARY, "finished": True}), Phase.FINISHED),
        (Phase.CANCELLING, Exit(0, {**SUMMARY, "finished": True}), Phase.FINISHED),
        (Phase.CANCELLING, Exit(130, SUMMARY), Phase.CANCELLING),
        (Phase.CANCELLING, Exit(-9, {}), Phase.CANCELLING),
        (Phase.RUNNING, Exit(130, SUMMARY), Phase.QUEUED),
        (Phase.RUNNING, Exit(-15, {}), Phase.QUEUED),
        (Phase.RUNNING, Exit(65, SUMMARY), Phase.FAILED),
        (Phase.RUNNING, Exit(78, _error("INPUT_CHANGED")), Phase.FAILED),
        (Phase.RUNNING, Exit(78, _error("OUTPUT_IN_USE")), Phase.WAITING),
        (Phase.RUNNING, Exit(75, _error("STORE_UNREACHABLE", "TRANSIENT")), Phase.WAITING),
        (Phase.RUNNING, Exit(70, _error("INTERNAL_ERROR", "BUG")), Phase.WAITING),
        (Phase.RUNNING, Exit(-9, {}, "Killed"), Phase.WAITING),
    ],
)
def test_an_end_and_what_follows(phase, ended, expected):
    record, wait_s = after(dataclasses.replace(RECORD, phase=phase), ended, 200.0)
    assert record.phase is expected
    assert (wait_s > 0) == (expected is Phase.WAITING)
    assert record.version > RECORD.version
    assert bool(record.ended_at_s) == expected.ended


def test_a_finished_run_is_whole_and_summed_up():
    record, _ = after(RECORD, Exit(3, {**SUMMARY, "finished": True}), 200.0)
    assert (record.exit_code, record.shards_done, record.clips_done, record.quarantined) == (3, 4, 20, 1)
    assert record.summary is not None


def test_a_failure_keeps_its_error_and_its_last_words():
    record, _ = after(RECORD, Exit(78, _error("INPUT_CHANGED")), 200.0)
    assert (record.exit_code, record.why) == (78, "INPUT_CHANGED: m")
    assert record.error is not None and record.error["kind"] == "BAD_CONFIG"
    record, _ = after(RECORD, Exit(-9, {}, "Killed"), 200.0)
    assert record.why == "its process ended with -9: Killed"


@pytest.mark.parametrize(
    ("ended", "most"), [(Exit(-11, {}), 4), (Exit(75, _error("X", "TRANSIENT")), 20), (Exit(70, _error("B", "BUG")), 4)]
)
def test_tries_without_a_new_shard_are_bounded_and_further_and_further_apart(ended, most):
    record, waits = RECORD, []
    while not record.phase.ended:
        record, wait_s = after(record.begun(200.0), ended, 200.0)
        waits.append(wait_s)
    assert len(waits) == most
    assert waits[:3] == [2.0, 4.0, 8.0] and max(waits) <= 60.0


def test_a_new_shard_starts_the_count_again():
    record = dataclasses.replace(RECORD, num_tries=3)
    done = record.begun(1.0).updated({"shards": [1, 4], "clips": [5, 20], "quarantined": 0}, 2.0)
    assert after(done, Exit(-11, {}), 200.0)[0].num_tries == 1


def test_who_holds_the_output_is_waited_for_without_end():
    record = dataclasses.replace(RECORD, num_tries=1000)
    assert after(record, Exit(78, _error("OUTPUT_IN_USE")), 200.0)[0].phase is Phase.WAITING


def test_versions_grow_though_the_clock_goes_back():
    record = RECORD.changed(1000.0)
    assert record.version == 1_000_000
    assert record.changed(1.0).version == 1_000_001


def test_a_run_that_has_ended_may_be_carried_on():
    ended, _ = after(RECORD, Exit(78, _error("INPUT_CHANGED")), 200.0)
    again = ended.queued(300.0)
    assert (again.phase, again.ended_at_s, again.error, again.exit_code) == (Phase.QUEUED, 0.0, None, 0)


def test_a_record_survives_its_file():
    record, _ = after(RECORD, Exit(3, {**SUMMARY, "finished": True}), 200.0)
    assert record_from_json(record.to_json()) == record


def test_one_run_in_two_outputs_has_two_ids():
    other = dataclasses.replace(RECORD, request=RunRequest("grid", GridOptions(), RunRoots("/in", "/other")))
    assert other.id != RECORD.id and other.id.startswith("r-")


FINISHED = dataclasses.replace(
    RECORD, phase=Phase.FINISHED, ended_at_s=150.0, quarantined=2, summary=SUMMARY, exit_code=3
)


def test_a_retry_becomes_a_resume_once_its_clips_are_set_aside():
    again = FINISHED.retried(None, 200.0)
    assert (again.phase, again.verb, again.request, again.ended_at_s) == (Phase.QUEUED, "retry", FINISHED.request, 0.0)
    assert (again.quarantined, again.summary, again.id) == (0, None, FINISHED.id)
    assert record_from_json(again.to_json()) == again
    begun = again.begun(201.0).updated({"shards": [3, 4], "clips": [15, 21], "quarantined": 0}, 202.0)
    assert (begun.verb, begun.is_retry, begun.pinned.num_clips) == ("resume", True, 21)
    assert FINISHED.queued(200.0).verb == "resume"


def test_a_retry_may_have_limits_of_its_own():
    assert FINISHED.retried(Limits(max_attempts=9), 200.0).request.limits == Limits(max_attempts=9)


@pytest.mark.parametrize(("phase", "then"), [(Phase.RUNNING, Phase.QUEUED), (Phase.CANCELLING, Phase.CANCELLING)])
@pytest.mark.parametrize("left_out", [[], ["s1/a.mpg"]])
def test_a_retry_of_nothing_leaves_the_end_to_resume(phase, then, left_out):
    again = dataclasses.replace(FINISHED.retried(None, 200.0), phase=phase)
    record, wait_s = after(again, Exit(3 if left_out else 0, {"shards": [], "left_out": left_out}), 201.0)
    assert (record.phase, wait_s) == (then, 0.0)
    assert record.verb == ("resume" if then is Phase.QUEUED else "retry")


def test_a_retry_that_took_in_files_keeps_the_runs_id():
    taken = FINISHED.retried(None, 200.0).repinned("r.2", "e" * 64, 201.0)
    assert (taken.pinned.name, taken.id) == ("r.2", FINISHED.id)
    assert taken.repinned("r.3", "f" * 64, 202.0).id == FINISHED.id
    assert record_from_json(taken.to_json()) == taken


def test_a_training_that_commits_checkpoints_may_crash_as_often_as_it_likes():
    record = RECORD
    for step in range(1, 12):
        begun = record.begun(200.0)
        record, _ = after(dataclasses.replace(begun, step=step), Exit(-9, {}, "Killed"), 200.0)
        assert (record.phase, record.num_tries) == (Phase.WAITING, 1)
    for _ in range(3):
        record, _ = after(record.begun(200.0), Exit(-9, {}, "Killed"), 200.0)
    assert record.phase is Phase.FAILED and record_from_json(record.to_json()) == record
