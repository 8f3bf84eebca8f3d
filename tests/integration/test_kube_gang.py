"""A gang pass on Kubernetes against an API server on loopback: the generations that follow what becomes of its pods."""

from contextlib import closing

import pytest

pytest.importorskip("kubernetes")

from kube_jobs_server import TIME, serving

from orchestrator.kube import gang as kube_gang
from orchestrator.kube.api import KubeApi
from orchestrator.kube.gang import KubeGang
from orchestrator.kube.settings import KubeSettings
from orchestrator.runs.gang.drive import drive
from services.base.run.passes import MapPass, gang_pass
from services.base.store.open import open_store
from services.base.worker.pass_log import GangWriter, PassLog

NUM_RANKS, RANKS_PER_POD = 4, 2


class Gang:
    """Two pods of two ranks each, of a recipe whose result does not depend on their number."""

    def __init__(self, folder) -> None:
        self.state = open_store(folder / "state")
        self.said: list[str] = []
        self.on_say = lambda text: None

    def say(self, text):
        self.said.append(text)
        self.on_say(text)

    def drive(self, min_ranks=0):
        gang = gang_pass(
            *("train", "toy", NUM_RANKS, {}, [MapPass("map", "d" * 64, 1)]),
            ranks_per_pod=RANKS_PER_POD,
            identity={"any_num_ranks": True},
            min_ranks=min_ranks,
        )
        settings, api = KubeSettings(namespace="ours"), KubeApi("", "ours")
        backend = KubeGang(gang, "r", self.state, api, settings, 256, 512, ["rank"], lambda: False, wakes=False)
        with closing(backend):
            return drive(backend, 3, self.say)

    def finish(self, job):
        """As its ranks do."""
        number, ranks = generation(job), num_ranks(job)
        GangWriter(self.state, self.state, "r", "train", number, ranks).finish(9)
        job["status"] = {"completedIndexes": "0", "conditions": [{"type": "Complete", "status": "True"}]}


@pytest.fixture
def gang(tmp_path):
    return Gang(tmp_path)


@pytest.fixture
def cluster_of(tmp_path, monkeypatch):
    """Starts a cluster whose Jobs are worked on so. Looks follow each other at once."""
    for name in ("_SOON_S", "_LATE_S", "_TICK_S"):
        monkeypatch.setattr(kube_gang, name, 0.01)
    with serving(tmp_path, monkeypatch) as start:
        yield start


def generation(job):
    return int(job["metadata"]["labels"]["visemill.dev/generation"])


def num_ranks(job):
    variables = job["spec"]["template"]["spec"]["containers"][0]["env"]
    return next(int(one["value"]) for one in variables if one["name"] == "WORLD_SIZE")


def pod(job, index, *, node="", deleted=False, **status):
    labels = {**job["metadata"]["labels"], "batch.kubernetes.io/job-completion-index": str(index)}
    meta = {"name": f"{job['metadata']['name']}-{index}", "labels": labels, "creationTimestamp": TIME}
    meta |= {"deletionTimestamp": "2100-01-01T00:00:00Z"} if deleted else {}
    return {"metadata": meta, "spec": {"nodeName": node} if node else {}, "status": {"phase": "Running", **status}}


def ended(code):
    return {"containerStatuses": [{"state": {"terminated": {"exitCode": code, "finishedAt": TIME}}}], "phase": "Failed"}


def unplaced():
    why = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available"}
    return {"phase": "Pending", "conditions": [why]}


def test_where_a_pod_finds_no_node_the_next_generation_has_the_ranks_of_the_others(gang, cluster_of):
    sizes = []

    def work(cluster, job):
        sizes.append((generation(job), job["spec"]["completions"], num_ranks(job)))
        if generation(job) == 1:
            cluster.pods = [pod(job, 0, node="n"), pod(job, 1, **unplaced())]
        else:
            gang.finish(job)

    cluster = cluster_of(work)
    assert gang.drive(min_ranks=1) is None
    assert sizes == [(1, 2, 4), (2, 1, 2)]
    assert gang.said[-1] == ("generation 2 starts: with 2 of 4 ranks, since 1 of 2 pods of generation 1 had no node")
    assert len(cluster.deleted) == 1 and cluster.deleted[0].endswith("-train-1")
    assert PassLog(gang.state, "r", "train").read().num_ranks == 2


def test_without_min_ranks_it_waits_and_says_what_for(gang, cluster_of):
    def work(cluster, job):
        cluster.pods = [pod(job, 0, node="n"), pod(job, 1, **unplaced())]
        gang.on_say = lambda text: gang.finish(job) if "no node" in text else None

    cluster_of(work)
    assert gang.drive() is None
    assert gang.said == ["generation 1 starts", "1 of 2 pods have no node"]


def test_a_lost_pod_is_not_held_against_a_training_when_it_is_gone(gang, cluster_of):
    """Two generations lose a pod, which the other one ends after with 75; the third fails by itself, and is the first
    of three that may.
    """
    jobs = []

    def work(cluster, job):
        jobs.append(job)
        # Of older generations only pods that have ended by themselves are left.
        left = [pod(old, 0, node="n", **ended(75)) for old in jobs[:-1]]
        for old in jobs[:-1]:
            old["status"] = {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}
        if generation(job) < 3:
            left += [pod(job, 0, node="n", **ended(75)), pod(job, 1, node="n", deleted=True)]
        elif generation(job) == 3:
            left += [pod(job, 0, node="n", **ended(70))]
        else:
            gang.finish(job)
        cluster.pods = left

    cluster_of(work)
    assert gang.drive() is None
    assert gang.said[-1] == "generation 4 starts: pod 0 of generation 3 ended with 70"
