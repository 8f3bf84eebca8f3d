"""Runs as Jobs on a real cluster: the bytes of a local run, whatever happens on the way."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kube_runs import SIZES, Runs

pytestmark = pytest.mark.slow

NUM_SHARDS = 4


@pytest.fixture(scope="module")
def source(stems: Callable[[int], list[str]], corpus_at, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("grid")
    corpus_at(folder).add(*stems(8))
    return folder


@pytest.fixture(scope="module")
def runs(kube_visemill, cluster, store, images, source, tmp_path_factory) -> Iterator[Runs]:
    cluster.load("worker")
    bucket = store.new_bucket()
    inputs = store.put(source, bucket, "in")
    found = Runs(kube_visemill, cluster, store, images, bucket, inputs, tmp_path_factory.mktemp("trees"), NUM_SHARDS)
    yield found
    found.close()


@pytest.fixture(scope="module")
def expected(visemill, source, tmp_path_factory, tree_digest) -> str:
    """The digest of a local run's output."""
    output = tmp_path_factory.mktemp("local") / "out"
    visemill.ok("run", "grid", "--input-root", source, "--output-root", output, "--num-shards", NUM_SHARDS)
    return tree_digest(output)


@pytest.fixture
def same(runs: Runs, expected: str, tree_digest) -> Callable[[str], None]:
    def check(name: str) -> None:
        assert tree_digest(runs.tree(name)) == expected

    return check


@pytest.fixture
def secret(cluster, namespace) -> Iterator[Callable[..., None]]:
    """Makes a Secret in the test's namespace."""

    def make(name: str, **values: str) -> None:
        metadata = {"name": name, "namespace": namespace}
        cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values})

    yield make


def test_four_shards_give_the_bytes_of_a_local_run(runs, namespace, same, kube_visemill):
    """Over 20 s: a real run of four pods, two at a time, each opening its models."""
    run = runs.start("plain", namespace, "--parallelism", 2)
    answer = run.end()
    assert run.process.returncode == 0, run.words
    assert answer["finished"] and answer["shards"] == {"done": 4, "total": 4}
    assert run.keeps_telling, run.words
    assert "requests to the API server" in run.words
    same("plain")
    again = kube_visemill.ok(*runs.words("plain", namespace))
    assert again["nothing_to_do"]
    other = [word if word != NUM_SHARDS else 3 for word in runs.words("plain", namespace)]
    kube_visemill.refused(*other, reason="OTHER_RUN")
    status = kube_visemill.ok(
        "status", "--cluster", "kube", "--namespace", namespace, "--output-root", runs.output("plain")
    )
    (job,) = status["cluster"]["jobs"]
    assert (job["phase"], job["completed"], job["parallelism"]) == ("complete", 4, 2)
    # Those of pods that have succeeded, when no other is there.
    logs = kube_visemill.ok("logs", "--namespace", namespace, "--output-root", runs.output("plain"))
    assert sum("shard done" in line for pod in logs["pods"] for line in pod["lines"]) == 4


def test_a_pod_that_is_deleted_costs_nothing(runs, namespace, same, cluster):
    """Over 20 s: a real run, and Kubernetes waits 10 s before it replaces a pod that has failed."""
    run = runs.start("deleted-pod", namespace, "--parallelism", 2)
    pod = runs.working(namespace)["metadata"]["name"]
    cluster.kubectl("delete", "pod", "-n", namespace, pod)
    assert run.end()["finished"], run.words
    same("deleted-pod")


def test_a_killed_orchestrator_is_replaced_by_any_other_and_two_do_no_harm(runs, namespace, same):
    """Over 20 s: a real run whose four pods come one after the other."""
    run = runs.start("orphan", namespace, "--parallelism", 1)
    runs.working(namespace)
    run.process.send_signal(signal.SIGKILL)
    run.end()
    job = runs.job(namespace)
    where = ["--cluster", "kube", "--namespace", namespace, "--output-root", runs.output("orphan")]
    image = ["--image", runs.images.name("worker"), *SIZES]
    resumed, joined = runs.begin("resume", *where, *image), runs.start("orphan", namespace, "--parallelism", 2)
    answers = [resumed.end(), joined.end()]
    assert all(answer["finished"] for answer in answers), f"{resumed.words}\n{joined.words}"
    assert runs.job(namespace)["metadata"]["uid"] == job["metadata"]["uid"]
    same("orphan")


def test_an_interrupted_orchestrator_leaves_its_job_to_go_on(runs, namespace, same):
    """Over 20 s: a real run of four pods."""
    run = runs.start("left", namespace, "--parallelism", 2)
    runs.working(namespace)
    run.process.send_signal(signal.SIGINT)
    answer = run.end(60)
    assert run.process.returncode == 130 and not answer["finished"] and "visemill resume" in answer["why"]
    assert not runs.job(namespace).get("metadata", {}).get("deletionTimestamp")
    assert runs.start("left", namespace).end()["finished"]
    same("left")


def test_a_bad_config_ends_the_run_at_once_with_its_reason(runs, namespace, secret, store, cluster):
    """Over 20 s: pods start, fail and start again with the right keys."""
    secret("wrong", **{**store.environment, "AWS_SECRET_ACCESS_KEY": "wrong-secret"})
    run = runs.start("bad-config", namespace, "--s3-secret", "wrong")
    answer = run.end(120)
    assert run.process.returncode == 78, run.words
    assert "ACCESS_DENIED" in answer["why"] and "credentials" in answer["why"]
    # No pod was tried again: each index had one.
    assert len(cluster.get("pods", "-n", namespace)["items"]) <= NUM_SHARDS
    # The next attempt begins anew, once Kubernetes has given this one up.
    cluster.wait("the Job's end", lambda: is_failed(runs.job(namespace)), 60)
    run = runs.start("bad-config", namespace)
    assert run.end()["finished"], run.words


def is_failed(job):
    return any(one["type"] == "Failed" and one["status"] == "True" for one in job["status"].get("conditions", ()))


def test_parallelism_changes_in_mid_run(runs, namespace, same, kube_visemill, cluster):
    """Over 20 s: a real run whose first pods come one after the other."""
    run = runs.start("scaled", namespace, "--parallelism", 1)
    cluster.wait("a shard done", lambda: "1/4 shards" in run.words)
    verb = ["--namespace", namespace, "--output-root", runs.output("scaled")]
    scaled = kube_visemill.ok("scale", *verb, "--parallelism", 4)
    assert (scaled["before"], scaled["parallelism"]) == (1, 4)
    cluster.wait("more pods", lambda: len(runs.pods(namespace)) >= 2)
    assert runs.job(namespace)["spec"]["parallelism"] == 4
    logs = kube_visemill.ok("logs", *verb, "--index", 0)
    assert any("shard done" in line for pod in logs["pods"] for line in pod["lines"])
    assert run.end()["finished"], run.words
    assert runs.job(namespace)["spec"]["parallelism"] == 4
    same("scaled")


def test_a_missing_secret_is_told_with_its_remedy_and_mended_while_it_waits(
    runs, namespace, secret, store, same, kube_visemill, cluster
):
    """Over 20 s: a kubelet looks for a Secret again after 10 s and more, then there is a real run."""
    run = runs.start("no-secret", namespace, "--s3-secret", "later")
    cluster.wait("the trouble told", lambda: "CreateContainerConfigError" in run.words, 60)
    assert "--s3-secret" in run.words and "later" in run.words
    status = kube_visemill.ok(
        "status", "--cluster", "kube", "--namespace", namespace, "--output-root", runs.output("no-secret")
    )
    assert status["cluster"]["troubles"][0]["reason"] == "CreateContainerConfigError"
    secret("later", **store.environment)
    assert run.end()["finished"], run.words
    same("no-secret")


def test_pods_that_cannot_be_placed_are_told(runs, namespace, kube_visemill, cluster):
    run = runs.start("too-big", namespace, "--pods-cpu", 500)
    cluster.wait("the trouble told", lambda: "Unschedulable" in run.words, 60)
    assert "Insufficient cpu" in run.words and "--pods-cpu" in run.words
    verb = ["--namespace", namespace, "--output-root", runs.output("too-big")]
    assert len(kube_visemill.ok("cancel", "--cluster", "kube", *verb)["deleted"]) == 1
    answer = run.end(60)
    assert run.process.returncode == 75 and "deleted" in answer["why"], run.words


def test_a_quota_that_is_used_up_is_told(runs, namespace, kube_visemill, cluster):
    spec = {"hard": {"pods": "0"}}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": namespace}}
    cluster.apply({**quota, "spec": spec})
    run = runs.start("quota", namespace)
    cluster.wait("the trouble told", lambda: "exceeded quota" in run.words, 90)
    assert "quota is used up" in run.words
    run.process.send_signal(signal.SIGINT)
    run.end(60)


def test_an_image_that_is_nowhere_is_told(runs, namespace, cluster):
    run = runs.start("no-image", namespace, "--image", "visemill-nowhere:0", "--image-pull-policy", "Never")
    cluster.wait("the trouble told", lambda: "ErrImageNeverPull" in run.words, 60)
    assert "--image-pull-policy" in run.words
    run.process.send_signal(signal.SIGINT)
    run.end(60)
    # A Job's template cannot be changed.
    again = runs.start("no-image", namespace)
    cluster.wait("told how to come by the new image", lambda: "visemill cancel" in again.words, 60)
    again.process.send_signal(signal.SIGINT)
    again.end(60)


def test_pods_that_run_out_of_memory_get_more_in_a_job_for_what_remains(runs, namespace, same):
    """Over 20 s: a Job whose pods run out of memory, then one that does the work."""
    # Not enough to open the models.
    small = ["--pods-memory-mib", 96, "--pods-max-memory-mib", 1600]
    run = runs.start("memory", namespace, *small)
    assert run.end()["finished"], run.words
    assert "pods ran out of 96 MiB: they get 192" in run.words
    # Not only when every index has had all of its tries, each later than the one before.
    assert "-1 was removed: another has what it left" in run.words
    assert int(runs.job(namespace)["metadata"]["annotations"]["visemill.dev/memory-mib"]) <= 1600
    same("memory")


def test_suspended_and_resumed(runs, namespace, same, kube_visemill, cluster):
    """Over 20 s: a real run whose pods come one after the other, and once more after the pause."""
    run = runs.start("suspended", namespace, "--parallelism", 1)
    runs.working(namespace)
    verb = ["--namespace", namespace, "--output-root", runs.output("suspended")]
    kube_visemill.ok("suspend", *verb)
    cluster.wait("no pods", lambda: not runs.pods(namespace), 60)
    cluster.wait("it is told", lambda: "suspended" in run.words, 30)
    image = ["--image", runs.images.name("worker"), *SIZES, "--parallelism", 2]
    resumed = runs.begin("resume", "--cluster", "kube", *verb, *image)
    assert resumed.end()["finished"] and run.end()["finished"], f"{run.words}\n{resumed.words}"
    same("suspended")


def test_folders_of_this_machine_are_refused(runs, namespace, kube_visemill, tmp_path, source):
    words = ["run", "grid", "--input-root", source, "--output-root", tmp_path / "out", "--cluster", "kube"]
    message = kube_visemill.refused(*words, "--namespace", namespace, reason="LOCAL_ROOT")
    assert "s3://" in message and not (tmp_path / "out").exists()


def test_named_data_sets_are_run_one_after_another_and_found_by_their_root(runs, namespace, same, kube_visemill):
    """Over 20 s: two real runs of one command."""
    words = runs.words("named", namespace, "--parallelism", 2)
    at = words.index("--input-root")
    datasets = [f"--dataset={name}={runs.inputs}" for name in ("a", "b")]
    answer = runs.begin(*words[:at], *datasets, *words[at + 2 :]).end()
    assert [(one["dataset"], one["finished"]) for one in answer["datasets"]] == [("a", True), ("b", True)]
    assert all(f"{runs.output('named')}/{one['dataset']}" in one["resume"] for one in answer["datasets"])
    same("named/a")
    same("named/b")
    root = ["--namespace", namespace, "--output-root", runs.output("named")]
    found = kube_visemill.ok("status", "--cluster", "kube", *root)["datasets"]
    # Of one plan and one name: the Jobs of each are told by the state that is theirs.
    assert [len(one["cluster"]["jobs"]) for one in found] == [1, 1]
    kube_visemill.refused("logs", *root, reason="NO_RUN")
    assert kube_visemill.ok("logs", *root, "--dataset", "b")["pods"]
