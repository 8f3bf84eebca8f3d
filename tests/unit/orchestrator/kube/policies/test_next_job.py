"""What follows a Job that has ended, as a table: another, and how, or why there is none."""

import pytest

from orchestrator.kube.policies.next_job import after
from orchestrator.kube.policies.seen import KubeMapState, Limits, Seen
from orchestrator.kube.state import JobSeen, PodSeen
from orchestrator.runs.map.decision import Attempt

LIMITS = Limits(4, 1000, 4000)
ALL = (0, 1, 2, 3)


def job(failed=(1,), memory_mib=1000, **fields):
    return JobSeen("j-1", 1, "failed", "0-3", 2, 2, memory_mib, failed=frozenset(failed), **fields)


def pod(exit_code, index=1, trouble="", ended_s=0.0):
    return PodSeen(f"p-{index}", 1, index, "Failed", "node", exit_code, trouble, ended_s=ended_s)


def follow(job, *pods, done=(0, 2), since=1):
    seen = Seen(frozenset(done), (job,), (ALL,), pods, since=since)
    state = KubeMapState(4, done=seen.done, seen=seen)
    return after(state, job, frozenset(ALL) - seen.done, LIMITS)


@pytest.mark.parametrize(
    ("state", "attempt", "bad"),
    [
        pytest.param(follow(job(), since=0), Attempt(2, 1000, why="the shards that remain"), (), id="begun anew"),
        pytest.param(
            follow(job(), pod(137, trouble="OOMKilled")),
            Attempt(2, 2000, why="pods ran out of 1000 MiB: they get 2000"),
            (),
            id="more memory",
        ),
        pytest.param(
            follow(job(), pod(70)),
            Attempt(2, 1000, True, "shards 1, 3 are tried apart from each other"),
            (),
            id="apart",
        ),
        pytest.param(
            follow(job((0, 1)), pod(65, 0), pod(70), done=()),
            Attempt(2, 1000, True, "shards 1, 3 are tried apart from each other"),
            (0, 2),
            id="what is bad stays out",
        ),
        pytest.param(follow(job(), pod(65)), None, (1, 3), id="all is bad"),
    ],
)
def test_table(state, attempt, bad):
    assert (state.next_attempt, state.bad, state.slots) == (attempt, frozenset(bad), int(attempt is not None))


def test_a_shard_that_failed_alone_is_given_up_with_the_end_of_the_last_pod():
    state = follow(job(reason="MaxFailedIndexesExceeded"), pod(137, 0, ended_s=1.0), pod(75, 1, ended_s=2.0))
    assert state.next_attempt is None and set(state.failures) == {1, 3}
    assert all(failure.is_final and failure.exit_code == 75 for failure in state.failures.values())


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (follow(job(reason="DeadlineExceeded")), 75),
        (follow(job(memory_mib=4000), pod(137, trouble="OOMKilled")), 78),
    ],
)
def test_what_no_other_job_would_change_ends_the_run(state, code):
    assert state.stopped is not None and state.stopped.exit_code == code
