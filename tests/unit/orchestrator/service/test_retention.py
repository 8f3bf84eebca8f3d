"""Which ended runs are forgotten."""

import dataclasses

import pytest

from orchestrator.access.request import RunRequest, RunRoots
from orchestrator.pipelines.grid.options import GridOptions
from orchestrator.service.record import Phase, Pinned, RunRecord
from orchestrator.service.retention import Keep, to_forget

DAY_S = 86400.0
NOW_S = 1000 * DAY_S
RECORD = RunRecord(
    RunRequest("grid", GridOptions(), RunRoots("/in", "/out")), Pinned("r", "d", "/state", 4, 20), 0.0, 1
)


def _run(name, days_ago, phase=Phase.FINISHED):
    ended_at_s = NOW_S - days_ago * DAY_S if phase.ended else 0.0
    pinned = dataclasses.replace(RECORD.pinned, name=name)
    return dataclasses.replace(RECORD, pinned=pinned, phase=phase, ended_at_s=ended_at_s)


ENDED = [_run("a", 1), _run("b", 3, Phase.FAILED), _run("c", 2, Phase.CANCELLED)]
LIVE = [_run(phase.value, 0, phase) for phase in Phase if not phase.ended]


@pytest.mark.parametrize(
    ("num_ended", "days", "forgotten"),
    [
        (10, 90.0, ""),
        (3, 3.0, ""),
        (2, 90.0, "b"),
        (1, 90.0, "bc"),
        (10, 2.5, "b"),
        (10, 0.5, "bca"),
        (2, 1.5, "bc"),
    ],
)
def test_the_oldest_end_goes_first_by_number_and_by_age(num_ended, days, forgotten):
    ids = to_forget([*LIVE, *ENDED], Keep(num_ended, days), NOW_S)
    assert "".join(run_id[0] for run_id in ids) == forgotten


def test_a_run_that_has_not_ended_is_always_kept():
    assert to_forget(LIVE, Keep(1, 0.001), NOW_S) == []


@pytest.mark.parametrize("values", [(0, 1.0), (-1, 1.0), (1, 0.0), (1, -1.0), (1, float("nan"))])
def test_keeping_nothing_is_refused_by_the_flags_name(values):
    with pytest.raises(ValueError, match="--keep-ended"):
        Keep(*values)
