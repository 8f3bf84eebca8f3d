"""The pass over shards on Kubernetes against an API server on loopback that keeps Jobs, and ends them when it is asked
for them: the same loop and the same decision as of a run on this machine.
"""

import hashlib
import json
from contextlib import closing

import pytest

pytest.importorskip("kubernetes")

from kube_jobs_server import TIME, serving

from orchestrator.console.progress import Progress
from orchestrator.console.say_once import SayOnce
from orchestrator.kube import map as kube_map
from orchestrator.kube.api import KubeApi
from orchestrator.kube.map import DETACHED, KubeMap
from orchestrator.kube.policies.seen import Limits
from orchestrator.kube.settings import KubeSettings
from orchestrator.runs.actions import Fail
from orchestrator.runs.map.drive import drive
from orchestrator.runs.options import RunOptions
from orchestrator.runs.policy import Policy
from services.base.run import paths
from services.base.run.manifest import ClipRow, encode_clips
from services.base.run.sharding import parse_shards, part_of
from services.base.run.spec import PinnedStage, RunSpec, ShardCommit
from services.base.store.open import open_store

NUM_SHARDS = 4


class Run:
    def __init__(self, folder) -> None:
        rows = [ClipRow(f"k{s}", f"k{s}", "s", f"k{s}.mpg", "train", s, 0, s, 1, "v") for s in range(NUM_SHARDS)]
        clips = encode_clips(rows, NUM_SHARDS)
        stages = (PinnedStage("decode"),)
        digest = hashlib.sha256(clips).hexdigest()
        self.state = open_store(folder / "state")
        self.spec = RunSpec("r", "grid", "d" * 64, stages, "/in", "/out", NUM_SHARDS, NUM_SHARDS, digest, {})
        self.state.put(paths.run_file("r"), self.spec.to_json())
        self.said: list[str] = []
        self.stops = False
        self.on_say = lambda text: None

    def say(self, text):
        self.said.append(text)
        self.on_say(text)

    def commit(self, shard):
        done = ShardCommit(shard, self.spec.digest, {}, {}, {"train": 1}, {"wall": 1.0})
        self.state.put(paths.done_file("r", shard, NUM_SHARDS), done.to_json())

    def drive(self, parallelism=None, max_failures=None):
        options = RunOptions(policy=Policy(max_failures=max_failures), quiet=True)
        progress = Progress(NUM_SHARDS, 0, quiet=True)
        progress.say = self.say
        limits = Limits(NUM_SHARDS, 1000, 4000)
        settings = KubeSettings(namespace="ours", pods_memory_mib=1000, max_indexes=2)
        backend = KubeMap(
            *(self.spec, self.state, KubeApi("", "ours"), options, settings, limits, progress),
            SayOnce(self.say),
            lambda: self.stops,
            [1] * NUM_SHARDS,
            parallelism=parallelism,
            num_problems=0,
        )
        with closing(backend):
            return drive(backend, options.policy)


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


@pytest.fixture
def cluster_of(tmp_path, monkeypatch):
    """Starts a cluster whose Jobs are worked on so. Looks follow each other at once."""
    monkeypatch.setattr(kube_map, "_SOON_S", 0.01)
    monkeypatch.setattr(kube_map, "_LATE_S", 0.01)
    monkeypatch.setattr(kube_map, "_TICK_S", 0.01)
    monkeypatch.setattr(kube_map, "_LOOK_SHARE", 0.0)
    with serving(tmp_path, monkeypatch) as start:
        yield start


def parts(job):
    """The shards of each index, as its workers' arguments say."""
    words = job["spec"]["template"]["spec"]["containers"][0]["args"]
    listed = parse_shards(words[words.index("--shards") + 1], NUM_SHARDS)
    return [part_of(listed, index, job["spec"]["completions"]) for index in range(job["spec"]["completions"])]


def pod(job, index, exit_code, *, reason="", message=""):
    ended = {"exitCode": exit_code, "reason": reason, "finishedAt": TIME, "message": message}
    labels = {**job["metadata"]["labels"], "batch.kubernetes.io/job-completion-index": str(index)}
    meta = {"name": f"{job['metadata']['name']}-{index}", "labels": labels, "creationTimestamp": TIME}
    status = {"phase": "Failed", "containerStatuses": [{"state": {"terminated": ended}}]}
    return {"metadata": meta, "spec": {"nodeName": "n"}, "status": status}


def ends(job, *, failed=()):
    """The Job has ended with these indexes failed."""
    done = [str(index) for index in range(job["spec"]["completions"]) if index not in failed]
    condition = {"type": "Failed" if failed else "Complete", "status": "True", "reason": "FailedIndexes"}
    indexes = {"completedIndexes": ",".join(done), "failedIndexes": ",".join(map(str, failed))}
    job["status"] = {"conditions": [condition], **indexes}


def memory_mib(job):
    return job["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]


def test_shards_are_made_by_one_job(run, cluster_of):
    run.commit(1)

    def work(cluster, job):
        for shard in (shard for part in parts(job) for shard in part):
            run.commit(shard)
        ends(job)

    cluster = cluster_of(work)
    assert run.drive() is None
    (job,) = cluster.jobs.values()
    assert sorted(shard for part in parts(job) for shard in part) == [0, 2, 3]
    assert [line for line in run.said if line.startswith("Job ours/")] == [
        f"Job ours/{job['metadata']['name']}: 3 shards in 2 indexes, 2 pods at a time, 1000 MiB each"
    ]


def test_what_ran_out_of_memory_gets_more_in_the_next_job(run, cluster_of):
    def work(cluster, job):
        if memory_mib(job) == "1000Mi":
            run.commit(0)
            cluster.pods.append(pod(job, 1, 137, reason="OOMKilled"))
            ends(job, failed=(1,))
            return
        for shard in (shard for part in parts(job) for shard in part):
            run.commit(shard)
        ends(job)

    cluster = cluster_of(work)
    assert run.drive() is None
    assert [memory_mib(job) for job in cluster.jobs.values()] == ["1000Mi", "2000Mi"]
    assert any("(pods ran out of 1000 MiB: they get 2000)" in line for line in run.said)


def test_a_shard_that_fails_alone_ends_the_run_with_what_its_pod_said(run, cluster_of):
    said = json.dumps({"kind": "TRANSIENT", "reason": "STORE_UNREACHABLE", "message": "no answer"})

    def work(cluster, job):
        failed = []
        for index, part in enumerate(parts(job)):
            for shard in part:
                if shard == 0:
                    failed.append(index)
                    cluster.pods.append(pod(job, index, 75, message=said))
                    break
                run.commit(shard)
        ends(job, failed=tuple(failed))

    cluster = cluster_of(work)
    failed = run.drive()
    assert failed is not None and failed.exit_code == 75
    assert "shards 0 failed in every attempt (the last one: STORE_UNREACHABLE: no answer)" in failed.why
    assert "see `visemill logs`, then resume" in failed.why
    # The other shard of its index is tried apart from it first.
    assert len(cluster.jobs) == 2 and any("are tried apart from each other" in line for line in run.said)


def test_a_server_that_is_away_is_waited_for_and_the_pods_go_on(run, cluster_of):
    def work(cluster, job):
        for shard in (shard for part in parts(job) for shard in part):
            run.commit(shard)
        ends(job)

    cluster = cluster_of(work)
    cluster.num_busy = 3
    assert run.drive() is None
    (line,) = [line for line in run.said if "pods keep running" in line]
    assert line.startswith("CLUSTER_BUSY: ")


def test_who_leaves_leaves_the_job_and_who_comes_scales_it(run, cluster_of):
    def work(cluster, job):
        run.stops = True

    cluster = cluster_of(work)
    assert run.drive() == Fail(DETACHED, 130)
    (job,) = cluster.jobs.values()
    assert cluster.deleted == []
    run.stops = False

    def end_when_scaled(text):
        if text.endswith("1 pod at a time"):
            for shard in range(NUM_SHARDS):
                run.commit(shard)
            ends(job)

    run.on_say = end_when_scaled
    assert run.drive(parallelism=1) is None
    assert job["spec"]["parallelism"] == 1 and len(cluster.jobs) == 1
