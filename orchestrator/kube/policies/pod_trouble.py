"""Why pods do not start, or have ended, in words with a remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.kube.policies.lost_nodes import MARGIN_S
from orchestrator.kube.state import PodSeen

_IMAGE = (
    "check --image and --image-pull-secrets; where nodes pull nothing, load it on each and set "
    "--image-pull-policy Never"
)
_SETTING = "a Secret, a ConfigMap or a claim that the pods name is missing: create it, or check --s3-secret"
_REPLACED = "its index is taken up again, which counts as no failure"
_REMEDIES = {
    "Unschedulable": "free or add nodes, ask for less (--pods-cpu, --pods-memory-mib, --pods-gpus), or check "
    "--node-selector and --tolerations",
    "SchedulingGated": "something admits pods one by one here: look at the gates of the pod",
    "ErrImagePull": _IMAGE,
    "ImagePullBackOff": _IMAGE,
    "ErrImageNeverPull": "the image is on no node: load it, or set --image-pull-policy IfNotPresent",
    "InvalidImageName": "--image is no name of an image",
    "CreateContainerConfigError": _SETTING,
    "CreateContainerError": "the image's command cannot be started: is it one of visemill's?",
    "RunContainerError": "the image's command cannot be started: is it one of visemill's?",
    "StartError": "the image's command cannot be started: is it one of visemill's?",
    "OOMKilled": "it is retried; where most pods run out, or the Job has ended, what is left gets more "
    "memory, up to --pods-max-memory-mib",
    "Evicted": "its node was short of disk or memory, or it filled its scratch space: see --pods-scratch-mib and "
    "--pods-memory-mib",
    "DeletionByTaintManager": "its node does not answer or is tainted: a pod that does not end is removed "
    f"{MARGIN_S:.0f} s after its time to do so, and replaced",
    "DeletionByPodGC": f"its node is gone: {_REPLACED}",
    "EvictionByEvictionAPI": f"somebody empties its node: {_REPLACED}",
    "PreemptionByScheduler": f"pods of a higher priority took its place: {_REPLACED} when there is room; see "
    "--priority-class",
    "TerminationByKubelet": f"its node shuts down or is short of something: {_REPLACED}",
    "NodesForbidden": "if the node is dead, `kubectl delete pod --force` it, or let an orchestrator that may get "
    "nodes execute the run, such as the chart's",
    "FailedCreate": "look at the namespace's quota and its pod security level",
}
_CLAIM = "the claim must be there and bound: create it, or check --models-claim"
# What has a remedy of its own within a reason.
_SPECIAL = (
    ("persistentvolumeclaim", _CLAIM),
    ("PersistentVolumeClaim", _CLAIM),
    ("exceeded quota", "the namespace's quota is used up: raise it, or lower --parallelism"),
    ("violates PodSecurity", "the namespace refuses such pods: its pod security level must be restricted or wider"),
    ("serviceaccount", "create the service account, or check --service-account"),
    ("PriorityClass", "create the PriorityClass, or check --priority-class"),
    ("forbidden", "an admission rule of the cluster refuses the pods: ask who runs it"),
)
_MOST_DETAIL = 300


@dataclass(frozen=True)
class Trouble:
    """num_pods: in this trouble; 0 where none could be made at all."""

    reason: str
    message: str
    remedy: str
    num_pods: int = 0

    def __str__(self) -> str:
        pods = f"{self.num_pods} pods: " if self.num_pods > 1 else ""
        return f"{pods}{self.reason}{': ' if self.message else ''}{self.message} ({self.remedy})"


def troubles(pods: Iterable[PodSeen], refusals: Iterable[str] = (), left: Sequence[str] = ()) -> tuple[Trouble, ...]:
    """What keeps pods from their work, the most frequent first. refusals: why the Job could make no pod.

    left: pods that are to be gone, of whose nodes nothing may be known.

    Reasons without a remedy here, such as a worker's own failure, are left to whoever reads exit codes.
    """
    found = [Trouble("FailedCreate", _cut(text), _remedy("FailedCreate", text)) for text in set(refusals)]
    if left:
        text = f"{left[0]} does not end, and its node may not be read"
        found.append(Trouble("NodesForbidden", text, _REMEDIES["NodesForbidden"], len(left)))
    held = [pod for pod in pods if pod.trouble in _REMEDIES]
    # Of a pod that has ended the kubelet's words are what its worker left.
    details = {
        pod.trouble: pod.termination_message.message if pod.termination_message else pod.detail
        for pod in reversed(held)
    }
    for reason, count in Counter(pod.trouble for pod in held).most_common():
        text = details[reason]
        found.append(Trouble(reason, _cut(text), _remedy(reason, text), count))
    return tuple(found)


def endings(pods: Iterable[PodSeen]) -> tuple[str, ...]:
    """Pods that have failed by themselves, each in a line; what a remedy is known for is left to `troubles`."""
    failed = [pod for pod in pods if pod.exit_code and pod.trouble not in _REMEDIES and pod.deleted_s is None]
    return tuple(f"{pod.name} ended with {pod.exit_code}: {_last_word(pod)}" for pod in failed)


def _last_word(pod: PodSeen) -> str:
    return (
        f"{pod.termination_message.reason}: {pod.termination_message.message}"
        if pod.termination_message
        else f"see `visemill logs --pod {pod.name}`"
    )


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_DETAIL else f"{text[:_MOST_DETAIL].rstrip()}…"


def _remedy(reason: str, text: str) -> str:
    return next((remedy for part, remedy in _SPECIAL if part in text), _REMEDIES[reason])
