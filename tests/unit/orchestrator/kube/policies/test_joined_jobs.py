"""Which Jobs a run goes on with, as a table."""

import pytest

from orchestrator.kube.policies.joined_jobs import is_joined, since_of
from orchestrator.kube.state import JobSeen, PodSeen


def job(phase, generation=1):
    return JobSeen(f"j-{generation}", generation, phase, "0-3", 2, 2, 1000)


def pod(exit_code, generation=1):
    return PodSeen("p", generation, 0, "Failed", "node", exit_code)


@pytest.mark.parametrize(
    ("phase", "pods", "joined"),
    [
        pytest.param("active", (), True, id="at work"),
        pytest.param("suspended", (), True, id="held, and let go later"),
        pytest.param("active", (pod(75), pod(70), pod(137), pod(65)), True, id="its indexes are tried again"),
        pytest.param("active", (pod(78),), False, id="a config that cannot work fails the Job"),
        pytest.param("active", (pod(64),), False, id="so do flags that its worker does not know"),
        pytest.param("active", (pod(78, generation=2),), True, id="of another Job"),
        pytest.param("ending", (), False, id="it fails, and its pods have to end"),
        pytest.param("failed", (), False, id="failed"),
        pytest.param("complete", (), False, id="complete"),
        pytest.param("deleted", (), False, id="being deleted"),
    ],
)
def test_table(phase, pods, joined):
    assert is_joined(job(phase), pods) is joined
    assert since_of(0, job(phase), pods) == (1 if joined else 0)


def test_a_job_that_was_joined_or_made_stays_ours_when_it_fails():
    assert since_of(1, job("ending"), ()) == 1
    assert since_of(1, job("ending", generation=2), (pod(78, generation=2),)) == 2


def test_where_no_job_is_left_nothing_changes():
    assert [since_of(since, None, ()) for since in (0, 3)] == [0, 3]
