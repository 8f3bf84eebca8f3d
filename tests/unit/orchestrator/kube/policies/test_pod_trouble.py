import pytest

from orchestrator.kube.policies.pod_trouble import endings, troubles
from orchestrator.kube.state import PodSeen, TerminationMessage


def pod(trouble, detail="", index=0):
    return PodSeen(f"p-{index}", 1, index, "Pending", trouble=trouble, detail=detail)


@pytest.mark.parametrize(
    ("trouble", "detail", "remedy"),
    [
        ("Unschedulable", "0/3 nodes are available: 3 Insufficient cpu.", "--pods-cpu"),
        ("Unschedulable", '0/2 nodes are available: persistentvolumeclaim "m" not found.', "--models-claim"),
        ("Unschedulable", "pod has unbound immediate PersistentVolumeClaims", "--models-claim"),
        ("ImagePullBackOff", 'Back-off pulling image "x"', "--image-pull-secrets"),
        ("ErrImageNeverPull", "", "load it"),
        ("InvalidImageName", "", "--image"),
        ("CreateContainerConfigError", 'secret "visemill-s3" not found', "--s3-secret"),
        ("OOMKilled", "", "--pods-max-memory-mib"),
        ("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", "removed 30 s after"),
        ("EvictionByEvictionAPI", "Eviction API: evicting", "counts as no failure"),
        ("PreemptionByScheduler", "preempting", "--priority-class"),
        ("Evicted", "Usage of EmptyDir volume exceeds the limit", "--pods-scratch-mib"),
    ],
)
def test_each_trouble_is_told_with_its_remedy(trouble, detail, remedy):
    (found,) = troubles([pod(trouble, detail)])
    assert found.reason == trouble and remedy in found.remedy and detail in str(found)


@pytest.mark.parametrize(
    ("refusal", "remedy"),
    [
        ("exceeded quota: small, requested: limits.cpu=1", "quota is used up"),
        ('violates PodSecurity "restricted:latest"', "pod security level"),
        ('error looking up service account ns/x: serviceaccount "x" not found', "--service-account"),
        ("no PriorityClass with name x was found", "--priority-class"),
        ("something else", "pod security level"),
    ],
)
def test_a_job_that_may_make_no_pod_is_told(refusal, remedy):
    (found,) = troubles([], [refusal, refusal])
    assert found.reason == "FailedCreate" and remedy in found.remedy


def test_pods_whose_nodes_may_not_be_read_are_told():
    (found,) = troubles([], left=("p-0", "p-1"))
    assert found.num_pods == 2 and "p-0 does not end" in found.message and "may get nodes" in found.remedy


def test_what_is_cut_is_seen_to_be_cut():
    (found,) = troubles([pod("ErrImagePull", "x" * 301)])
    assert found.message == "x" * 300 + "…"


def test_the_most_frequent_comes_first_with_its_count_and_the_first_ones_words():
    pods = [pod("OOMKilled"), pod("Unschedulable", "a", 1), pod("Unschedulable", "b", 2)]
    first, second = troubles(pods)
    assert (first.reason, first.num_pods, first.message) == ("Unschedulable", 2, "a")
    assert str(first).startswith("2 pods: Unschedulable: a (") and str(second).startswith("OOMKilled (")


def test_a_pod_that_ended_tells_what_its_worker_left():
    (found,) = troubles([ended(75, "OOMKilled", TerminationMessage("TRANSIENT", "MEMORY_RAN_OUT", "it ran out"))])
    assert found.message == "it ran out"


def test_what_is_no_trouble_is_not_told():
    assert troubles([pod(""), pod("Error"), pod("Completed")]) == ()


def ended(code, trouble="Error", termination_message=None, deleted_s=None):
    return PodSeen(
        "p",
        1,
        0,
        "Failed",
        exit_code=code,
        trouble=trouble,
        termination_message=termination_message,
        deleted_s=deleted_s,
    )


@pytest.mark.parametrize(
    ("pod", "lines"),
    [
        (
            ended(75, termination_message=TerminationMessage("TRANSIENT", "STOPPED", "asked to")),
            ("p ended with 75: STOPPED: asked to",),
        ),
        (ended(137), ("p ended with 137: see `visemill logs --pod p`",)),
        (ended(137, "OOMKilled"), ()),
        (ended(75, deleted_s=1.0), ()),
        (PodSeen("p", 1, 0, "Running"), ()),
    ],
)
def test_a_pod_that_failed_is_told_with_its_last_word(pod, lines):
    assert endings([pod]) == lines
