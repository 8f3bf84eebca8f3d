"""Objects of the Kubernetes API as values. The dicts are what a 1.34 API server answered, shortened."""

import pytest

from orchestrator.kube.state import (
    NodeSeen,
    TerminationMessage,
    indexes,
    job_seen,
    node_seen,
    pod_seen,
    seconds,
    termination_message_of,
)

CREATED = "2026-11-21T13:27:23Z"
NOW_S = seconds("2026-11-21T13:28:23Z")


def job(status=None, **spec):
    return {
        "metadata": {
            "name": "visemill-r-0d00-2",
            "creationTimestamp": CREATED,
            "labels": {"visemill.dev/generation": "2"},
            "annotations": {"visemill.dev/shards": "0-9", "visemill.dev/memory-mib": "1500"},
        },
        "spec": {"completions": 5, "parallelism": 2, **spec},
        "status": status or {},
    }


def condition(kind, reason="", message="", status="True"):
    return {"type": kind, "status": status, "reason": reason, "message": message}


FAILED = condition("Failed", "PodFailurePolicy", "Container worker for pod x failed with exit code 78")


@pytest.mark.parametrize(
    ("found", "phase"),
    [
        (job(), "active"),
        (job(suspend=True), "suspended"),
        (job({"conditions": [condition("Suspended", status="False")]}), "active"),
        (job({"conditions": [condition("FailureTarget", "PodFailurePolicy")]}), "ending"),
        (job({"conditions": [condition("FailureTarget"), FAILED]}), "failed"),
        (job({"conditions": [condition("SuccessCriteriaMet"), condition("Complete")]}), "complete"),
        ({**job(), "metadata": {**job()["metadata"], "deletionTimestamp": CREATED}}, "deleted"),
    ],
)
def test_phases_of_a_job(found, phase):
    seen = job_seen(found, NOW_S)
    assert seen.phase == phase
    assert seen.is_live == (phase in ("active", "suspended", "ending"))


def test_a_job_is_read_as_it_was_made():
    status = {"completedIndexes": "0,2-3", "failedIndexes": "1", "active": 1, "ready": 1, "conditions": [FAILED]}
    seen = job_seen(job(status), NOW_S)
    assert (seen.name, seen.generation, seen.shards, seen.memory_mib) == ("visemill-r-0d00-2", 2, "0-9", 1500)
    assert (seen.num_indexes, seen.parallelism, seen.num_active, seen.num_ready) == (5, 2, 1, 1)
    assert (seen.completed, seen.failed) == ({0, 2, 3}, {1})
    assert seen.queue == ""
    queued = job()
    queued["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = "team-a"
    queued["metadata"]["annotations"]["visemill.dev/settings"] = "0a1b"
    assert (job_seen(queued, NOW_S).queue, job_seen(queued, NOW_S).settings) == ("team-a", "0a1b")
    assert (seen.reason, seen.age_s) == ("PodFailurePolicy", 60.0) and "exit code 78" in seen.message


def pod(status, **meta):
    labels = {"visemill.dev/generation": "2", "batch.kubernetes.io/job-completion-index": "3"}
    return {
        "metadata": {"name": "p", "creationTimestamp": CREATED, "labels": labels, **meta},
        "spec": {"nodeName": "node-0"},
        "status": status,
    }


def container(**state):
    return {"containerStatuses": [{"name": "worker", "state": state}]}


WORD = '{"kind": "BAD_CONFIG", "reason": "NO_RUN", "message": "no run", "shards": "1-2"}'
ENDED = {"exitCode": 78, "reason": "Error", "message": WORD, "finishedAt": "2026-11-21T13:28:00Z"}


@pytest.mark.parametrize(
    ("status", "trouble", "detail"),
    [
        ({"phase": "Running", **container(running={"startedAt": CREATED})}, "", ""),
        ({"phase": "Pending", **container(waiting={"reason": "ContainerCreating"})}, "", ""),
        (
            {
                "phase": "Running",
                "conditions": [condition("DisruptionTarget", "DeletionByTaintManager", "Taint manager")],
            },
            "DeletionByTaintManager",
            "Taint manager",
        ),
        (
            {
                "phase": "Pending",
                "conditions": [condition("PodScheduled", "Unschedulable", "0/1 nodes are available", "False")],
            },
            "Unschedulable",
            "0/1 nodes are available",
        ),
        (
            {
                "phase": "Pending",
                **container(waiting={"reason": "CreateContainerConfigError", "message": 'secret "x" not found'}),
            },
            "CreateContainerConfigError",
            'secret "x" not found',
        ),
        ({"phase": "Failed", **container(terminated={"exitCode": 137, "reason": "OOMKilled"})}, "OOMKilled", ""),
        (
            {"phase": "Failed", "reason": "Evicted", "message": "emptyDir", **container(terminated=ENDED)},
            "Evicted",
            "emptyDir",
        ),
        ({"phase": "Failed", **container(terminated=ENDED)}, "Error", WORD),
        ({}, "", ""),
    ],
)
def test_what_troubles_a_pod(status, trouble, detail):
    seen = pod_seen(pod(status))
    assert (seen.trouble, seen.detail) == (trouble, detail)


@pytest.mark.parametrize(
    ("conditions", "is_disrupted"),
    [
        ([condition("DisruptionTarget", "TerminationByKubelet", "low on memory")], True),
        ([condition("DisruptionTarget", "TerminationByKubelet", "", "False")], False),
        # What a kubelet of 1.34 says of one that has filled its emptyDir.
        ([condition("Ready", "PodFailed", "", "False")], False),
        ([], False),
    ],
)
def test_what_fills_its_own_scratch_space_is_not_disrupted(conditions, is_disrupted):
    status = {"phase": "Failed", "reason": "Evicted", "message": "emptyDir", "conditions": conditions}
    assert pod_seen(pod(status)).is_disrupted is is_disrupted


def test_a_pod_that_was_removed_by_force_and_is_still_there_is_held():
    for grace, is_held in (
        ({}, False),
        ({"deletionGracePeriodSeconds": 30}, False),
        ({"deletionGracePeriodSeconds": 0}, True),
    ):
        assert pod_seen(pod({"phase": "Running"}, deletionTimestamp=CREATED, **grace)).is_held == is_held
    assert not pod_seen(pod({"phase": "Running"})).is_held


def test_a_pod_that_ended_tells_its_code_and_what_its_worker_said():
    seen = pod_seen(pod({"phase": "Failed", **container(terminated=ENDED)}, deletionTimestamp=CREATED))
    assert (seen.generation, seen.index, seen.node, seen.phase, seen.exit_code) == (2, 3, "node-0", "Failed", 78)
    assert seen.termination_message == TerminationMessage("BAD_CONFIG", "NO_RUN", "no run", "1-2")
    assert seen.deleted_s == seen.since_s == seconds(CREATED) and seen.ended_s == seen.since_s + 37


@pytest.mark.parametrize(
    ("terminated", "out_of_memory"),
    [
        ({"exitCode": 137, "reason": "OOMKilled"}, True),
        ({"exitCode": 75, "reason": "Error", "message": WORD.replace("NO_RUN", "MEMORY_RAN_OUT")}, True),
        ({"exitCode": 137, "reason": "Error"}, False),
        (ENDED, False),
    ],
)
def test_want_of_memory_is_told_by_the_kubelet_or_by_the_worker(terminated, out_of_memory):
    assert pod_seen(pod({"phase": "Failed", **container(terminated=terminated)})).out_of_memory is out_of_memory


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"kind": "x"}', "null"])
def test_a_log_of_something_else_is_no_word(text):
    assert termination_message_of(text) is None


@pytest.mark.parametrize(("text", "expected"), [("", set()), ("4", {4}), ("0,2-5,9", {0, 2, 3, 4, 5, 9})])
def test_indexes_of_a_status(text, expected):
    assert indexes(text) == expected


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [
        ([condition("Ready", status="Unknown")], "Unknown"),
        ([condition("MemoryPressure"), condition("Ready")], "True"),
        ([], "Unknown"),
    ],
)
def test_nodes(conditions, ready):
    found = {"metadata": {"name": "n"}, "status": {"conditions": conditions}}
    assert node_seen(found) == NodeSeen("n", ready)
