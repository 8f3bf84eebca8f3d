"""Which pods to force-delete because their node is lost.

A Job with a podFailurePolicy replaces a pod only when it has ended, and a pod on a dead node never ends: it stays
Terminating until somebody removes it by force. A second pod of an index is harmless, since a shard is committed once.
Even then the Job's finalizer holds it, until the Job itself goes: see `hung_jobs`.
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.kube.state import NodeSeen, PodSeen

MARGIN_S = 30.0
"""How long after the end of its grace a pod may still be Terminating."""


def lost_pods(pods: Iterable[PodSeen], nodes: Iterable[NodeSeen], now_s: float) -> tuple[str, ...]:
    """Pods that are to be gone for over MARGIN_S, whose node is gone or does not answer.

    On a node that is ready its kubelet is ending them. now_s: by the cluster's clock, as deleted_s of a pod is.
    """
    spared = {node.name for node in nodes if node.ready in ("True", "")}
    return tuple(pod.name for pod in _overdue(pods, now_s) if pod.node not in spared)


def left_pods(pods: Iterable[PodSeen], nodes: Iterable[NodeSeen], now_s: float) -> tuple[str, ...]:
    """Those of which nobody here can tell whether they are lost: their node may not be read."""
    unread = {node.name for node in nodes if not node.ready}
    return tuple(pod.name for pod in _overdue(pods, now_s) if pod.node in unread)


def _overdue(pods: Iterable[PodSeen], now_s: float) -> list[PodSeen]:
    late = [pod for pod in pods if pod.deleted_s is not None and now_s - pod.deleted_s > MARGIN_S]
    return [pod for pod in late if pod.node and not pod.is_held]
