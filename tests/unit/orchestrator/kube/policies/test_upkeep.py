"""What a cluster needs beside starting shards, each policy as a table."""

import pytest

from orchestrator.kube.policies.seen import KubeMapState, Seen
from orchestrator.kube.policies.upkeep import held_job_goes, lost_pods_go, older_jobs_go, parallelism_changes
from orchestrator.kube.state import JobSeen, PodSeen
from orchestrator.runs.actions import ForceDelete
from orchestrator.runs.map.decision import Delete, Scale


def job(generation=1, phase="active"):
    return JobSeen(f"j-{generation}", generation, phase, "0-1", 2, 2, 1000)


def state(*jobs, done=(), num_busy=0, job_at_work="", **seen):
    looked = Seen(frozenset(done), jobs, ((0, 1),) * len(jobs), **seen)
    return KubeMapState(2, done=looked.done, num_busy=num_busy, seen=looked, job_at_work=job_at_work)


HELD = PodSeen("p", 1, 0, "Running", deleted_s=1.0, is_held=True)


@pytest.mark.parametrize(
    ("policy", "observed", "action"),
    [
        (lost_pods_go, state(lost=("p-1",)), ForceDelete(("p-1",))),
        (lost_pods_go, state(), None),
        (older_jobs_go, state(job(1), job(2)), Delete("j-1", "another has what it left")),
        (older_jobs_go, state(job(1, "failed"), job(2)), None),
        (older_jobs_go, state(job(1)), None),
        (
            held_job_goes,
            state(job(), done=(0, 1), pods=(HELD,)),
            Delete("j-1", "its last pods are on nodes that do not answer"),
        ),
        (held_job_goes, state(job(), done=(0,), pods=(HELD,)), None),
        (held_job_goes, state(job(), done=(0, 1), pods=(HELD,), num_busy=1), None),
        (held_job_goes, state(job(phase="complete"), done=(0, 1), pods=(HELD,)), None),
        (held_job_goes, state(job(), done=(0, 1)), None),
        (held_job_goes, state(done=(0, 1)), None),
        (parallelism_changes, state(job(), job_at_work="j-1", wanted_parallelism=1), Scale("j-1", 1)),
        (parallelism_changes, state(job(), job_at_work="j-1", wanted_parallelism=9), Scale("j-1", 2)),
        (parallelism_changes, state(job(), job_at_work="j-1", wanted_parallelism=2), None),
        (parallelism_changes, state(job(), job_at_work="j-1"), None),
        (parallelism_changes, state(job(), wanted_parallelism=1), None),
    ],
)
def test_table(policy, observed, action):
    assert policy(observed) == action
