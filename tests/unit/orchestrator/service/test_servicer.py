"""Records as messages, and lists in pages."""

import dataclasses

import pytest
from visemill.v1 import runs_pb2

from orchestrator.access.request import Limits, RunRequest, RunRoots
from orchestrator.pipelines.grid.options import GridOptions
from orchestrator.service.client import answer_of, phase_of, request_of
from orchestrator.service.record import Phase, Pinned, RunRecord
from orchestrator.service.servicer import page_of, phase_to_proto, run_request_of, run_to_proto
from services.base.errors import BadConfig, BadInput

LIMITS = Limits(2, "5%", 3, 1.5, 100, False)
ASKED = RunRequest("grid", GridOptions(num_shards=3), RunRoots("/in", "/out", "/state", "mine"), LIMITS)
RECORD = RunRecord(ASKED, Pinned("r", "d", "/state", 4, 20, ("decode",), ("a note",)), 100.25, 5)


def test_a_request_arrives_as_it_was_asked():
    assert run_request_of(request_of(ASKED)) == ASKED


def test_a_named_data_set_arrives_as_the_folder_of_its_name():
    asked = dataclasses.replace(ASKED, roots=RunRoots.of_dataset("/in", "s3://b/out", "am"))
    message = request_of(asked)
    assert (message.output_root, message.dataset) == ("s3://b/out", "am")
    assert run_request_of(message) == asked
    record = RunRecord(asked, Pinned("r", "d", "/state", 4, 20), 1.0, 1)
    assert (run_to_proto(record).output_root, run_to_proto(record).dataset) == ("s3://b/out/am", "am")


def test_a_name_that_is_none_is_refused():
    message = request_of(ASKED)
    message.dataset = "../am"
    with pytest.raises(BadConfig, match="BAD_DATASET_NAME"):
        run_request_of(message)


@pytest.mark.parametrize("missing", ["pipeline", "input_root", "output_root"])
def test_a_request_without_its_roots_is_refused(missing):
    request = request_of(ASKED)
    request.ClearField(missing)
    with pytest.raises(BadConfig, match=f"BAD_SUBMISSION: {missing} is empty"):
        run_request_of(request)


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_its_number_and_comes_back(phase):
    run = run_to_proto(dataclasses.replace(RECORD, phase=phase))
    assert run.phase == phase_to_proto(phase) != runs_pb2.RUN_PHASE_UNSPECIFIED
    assert phase_of(run) is phase


def test_times_that_have_not_come_are_absent():
    run = run_to_proto(RECORD)
    assert run.submitted_at.ToMilliseconds() == 100_250
    assert not run.HasField("began_at") and not run.HasField("ended_at")


def test_a_summary_comes_back_as_the_command_line_gives_it():
    summary = {
        "run": "r",
        "pipeline": "grid",
        "output_root": "/out",
        "finished": True,
        "why": "finished",
        "nothing_to_do": False,
        "shards": {"done": 4, "total": 4},
        "records": {"train": 18, "val": 1, "test": 0},
        "quarantined": 1,
        "reasons": {"NO_FACE": 1},
        "first_quarantined": [{"media": "s1/a.mpg", "reason": "NO_FACE", "message": "no face in 75 frames"}],
        "bytes": 1 << 40,
        "counts": {"clips": 19, "frames": 1500, "audio_s": 12.125},
        "reused": {"features": 3, "landmarks": 2},
        "found": 5,
        "wall_s": 3.5,
        "notes": ["a note"],
        "exit_code": 3,
        "cluster": "local",
    }
    ended = {"phase": Phase.FINISHED, "shards_done": 4, "quarantined": 1, "exit_code": 3, "why": "finished"}
    run = run_to_proto(dataclasses.replace(RECORD, summary=summary, **ended))
    assert answer_of(run) == summary
    # Of clients that know only the fields of before.
    assert (run.summary.frames, run.summary.landmarks_found_made) == (1500, 2)


def _records(count):
    return [
        dataclasses.replace(RECORD, pinned=dataclasses.replace(RECORD.pinned, name=f"r{i}"), submitted_at_s=float(i))
        for i in reversed(range(count))
    ]


def test_pages_hold_every_run_once_though_others_are_submitted_in_between():
    records, seen, token = _records(7), [], ""
    while True:
        page = page_of(records, 3, token)
        seen += [run.name for run in page.runs]
        token = page.next_page_token
        if not token:
            break
        newest = dataclasses.replace(RECORD, submitted_at_s=1000.0 + len(records))
        records = [newest, *records]
    assert seen == [f"r{i}" for i in reversed(range(7))]


@pytest.mark.parametrize(("size", "token"), [(-1, ""), (1, "nonsense"), (1, "x:y")])
def test_pages_that_cannot_be_are_refused(size, token):
    with pytest.raises(BadInput, match="BAD_PAGE"):
        page_of(_records(2), size, token)


def test_a_page_is_never_larger_than_the_server_likes():
    assert len(page_of(_records(150), 0, "").runs) == 100
    assert len(page_of(_records(1100), 100_000, "").runs) == 1000
