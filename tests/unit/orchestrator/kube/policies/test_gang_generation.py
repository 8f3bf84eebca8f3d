"""What a Job and its pods say of a generation of a gang, as a table."""

import pytest

from orchestrator.kube.policies.gang_generation import generation_of
from orchestrator.kube.state import JobSeen, PodSeen, TerminationMessage
from orchestrator.runs.gang.decision import Generation

NOW_S = 10_000.0
LONG_AGO_S = 3600.0


def job(phase="active", **fields):
    return JobSeen("j", 2, phase, "", 2, 2, 64, gang="train", **fields)


def pod(index, **fields):
    return PodSeen(f"p{index}", 2, index, "Running", "node-1", **fields)


def told(reason, message):
    return TerminationMessage("TRANSIENT", reason, message)


def unplaced(index, **fields):
    return PodSeen(f"p{index}", 2, index, "Pending", **{"trouble": "Unschedulable", **fields})


@pytest.mark.parametrize(
    ("seen", "pods", "expected"),
    [
        pytest.param(job(), [pod(0), pod(1)], Generation(2, "running", num_placed=2), id="at work"),
        pytest.param(
            job("suspended", queue="q"), [pod(0, deleted_s=1.0)], Generation(2, "suspended", queue="q"), id="suspended"
        ),
        pytest.param(job("deleted"), [], Generation(2, "deleted"), id="deleted"),
        pytest.param(
            job(),
            [
                pod(0),
                pod(
                    1,
                    exit_code=70,
                    ended_s=NOW_S - 3.0,
                    termination_message=TerminationMessage("BUG", "RANK_FAILED", "rank 3 ended with 70"),
                ),
            ],
            Generation(2, "running", {1: 70}, False, 3.0, "RANK_FAILED: rank 3 ended with 70"),
            id="a pod failed, its Job has not ended yet",
        ),
        pytest.param(
            job("failed", reason="BackoffLimitExceeded"),
            [
                pod(0, exit_code=75, ended_s=NOW_S - 1.0),
                pod(1, exit_code=137, ended_s=NOW_S - 3.0, trouble="OOMKilled"),
            ],
            Generation(2, "ended", {0: 75, 1: 137}, False, 3.0, "OOMKilled"),
            id="failed, by a pod that has left no message",
        ),
        pytest.param(
            job("failed", reason="BackoffLimitExceeded"),
            [
                pod(
                    0,
                    exit_code=75,
                    ended_s=NOW_S - 1.0,
                    termination_message=told("RANK_LOST", "rank 0 has lost the others"),
                ),
                pod(1, exit_code=75, ended_s=NOW_S - 1.0, termination_message=told("STORE_UNREACHABLE", "no answer")),
            ],
            Generation(2, "ended", {0: 75, 1: 75}, False, 1.0, "STORE_UNREACHABLE: no answer"),
            id="the words of the one that fell, not of one that has lost it",
        ),
        pytest.param(
            job(), [pod(0), pod(1, deleted_s=NOW_S + 30.0)], Generation(2, "running", {}, True), id="a pod is deleted"
        ),
        pytest.param(
            job(),
            [pod(0), pod(1, trouble="Evicted", is_disrupted=True)],
            Generation(2, "running", {}, True),
            id="a pod is evicted, its node being short of something",
        ),
        pytest.param(
            job(),
            [
                pod(0),
                pod(
                    1,
                    trouble="Evicted",
                    detail='Usage of EmptyDir volume "tmp" exceeds the limit "10Mi". ',
                    exit_code=137,
                    ended_s=NOW_S - 1.0,
                ),
            ],
            Generation(
                *(2, "running", {1: 137}, False, 1.0),
                'Evicted: Usage of EmptyDir volume "tmp" exceeds the limit "10Mi".',
            ),
            id="a pod is evicted, having filled its scratch space",
        ),
        pytest.param(
            job("failed", reason="BackoffLimitExceeded"),
            [],
            Generation(2, "ended", {}, True),
            id="failed, and no pod has left anything: it was deleted",
        ),
        pytest.param(
            job("failed", reason="PodFailurePolicy"),
            [],
            Generation(2, "ended", {0: 78}),
            id="a setting, its pod is gone",
        ),
        pytest.param(
            job("complete", completed=frozenset({0})), [], Generation(2, "ended", {0: 0}), id="rank 0 has succeeded"
        ),
        pytest.param(
            job("ending", completed=frozenset({0})),
            [pod(1, deleted_s=NOW_S)],
            Generation(2, "ended", {0: 0}),
            id="the others end with it",
        ),
        pytest.param(
            job(),
            [pod(0), unplaced(1, since_s=NOW_S - 70.0)],
            Generation(2, "running", num_placed=1, num_unplaced=1, unplaced_for_s=70.0),
            id="a pod has found no node",
        ),
        pytest.param(
            job(),
            [unplaced(1, since_s=NOW_S - 70.0)],
            Generation(2, "running", num_placed=0, num_unplaced=1),
            id="one has, and the other is yet to be tried",
        ),
        pytest.param(
            job(),
            [unplaced(0, since_s=NOW_S - 90.0), unplaced(1, since_s=NOW_S - 70.0)],
            Generation(2, "running", num_placed=0, num_unplaced=2, unplaced_for_s=70.0),
            id="none has",
        ),
        pytest.param(
            job(),
            [pod(0), unplaced(1, trouble="SchedulingGated")],
            Generation(2, "running", num_placed=1),
            id="one waits for leave, not for a node",
        ),
    ],
)
def test_what_a_job_says(seen, pods, expected):
    found = generation_of(seen, pods, NOW_S)
    assert (found.number, found.phase, found.exit_codes, found.disrupted, found.detail, found.queue) == (
        expected.number,
        expected.phase,
        expected.exit_codes,
        expected.disrupted,
        expected.detail,
        expected.queue,
    )
    assert (found.num_unplaced, found.unplaced_for_s) == (expected.num_unplaced, expected.unplaced_for_s)
    assert found.num_placed == expected.num_placed or not expected.num_placed
    assert found.ended_s_ago == (expected.ended_s_ago or LONG_AGO_S)
