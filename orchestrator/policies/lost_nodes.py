"""Which pods to force-delete because their node is lost.

A Job with a podFailurePolicy replaces a pod only when it has ended, and a pod on a dead node never ends: it stays
Terminating until somebody removes it by force. A second pod of an index is harmless, since a shard is committed once.
Even then the Job's finalizer holds it, until the Job itself goes: see `hung_jobs`.
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.cluster_state import NodeSeen, PodSeen

MARGIN_S = 30.0
"""How long after the end of its grace a pod may still be Terminating."""


def lost_pods(pods: Iterable[PodSeen], nodes: Iterable[NodeSeen], now_s: float) -> tuple[str, ...]:
    """Pods that are to be gone for over MARGIN_S, whose node is gone or does not answer.

    On a node that is ready its kubelet is ending them. now_s: by the cluster's clock, as deleted_s of a pod is.
    """
    ready = {node.name for node in nodes if node.ready == "True"}
    return tuple(
        pod.name
        for pod in pods
        if pod.deleted_s is not None and not pod.is_held
        if pod.node and pod.node not in ready and now_s - pod.deleted_s > MARGIN_S
    )
