"""What Kubernetes says of one generation of a gang, as its decision wants it: which ranks ended, and what made them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from orchestrator.kube.state import JobSeen, PodSeen
from orchestrator.runs.gang.decision import Generation, Phase
from services.base.errors import EXIT_BAD_CONFIG, EXIT_OK
from services.base.run.passes import RANK_LOST

_PHASES: dict[str, Phase] = {"active": "running", "suspended": "suspended", "deleted": "deleted"}
_LONG_AGO_S = 3600.0


def generation_of(job: JobSeen, pods: Iterable[PodSeen], now_s: float) -> Generation:
    """pods: those of the Job that have not succeeded. now_s: by the cluster's clock.

    A Job that is about to end has ended: what is left of it commits nothing once another generation has begun.
    """
    pods = list(pods)
    codes = {pod.index: pod.exit_code for pod in pods if pod.exit_code is not None} | dict.fromkeys(
        job.completed, EXIT_OK
    )
    phase = _PHASES.get(job.phase, "ended")
    # A pod that failed by itself stays to be looked at; what was deleted, or had no node any more, does not.
    gone = job.phase in ("failed", "ending") and not codes
    if gone and job.reason == "PodFailurePolicy":
        codes, gone = {0: EXIT_BAD_CONFIG}, False
    # One that is evicted for having filled its own scratch space is no disruption, as it would fill it again.
    leaving = phase == "running" and any(pod.deleted_s is not None or pod.is_disrupted for pod in pods)
    failed = [pod for pod in pods if pod.exit_code]
    ended_s_ago = now_s - min((pod.ended_s for pod in failed), default=now_s - _LONG_AGO_S)
    placed = {pod.index for pod in pods if pod.node} | job.completed
    unplaced = [pod for pod in pods if not pod.node and pod.trouble == "Unschedulable"]
    # The scheduler takes pods one after the other: only when it has tried all is known how many there is room for.
    tried = len(placed) + len(unplaced) >= job.num_indexes
    seen = Generation(
        *(job.generation, phase, codes, leaving or gone, ended_s_ago),
        queue=job.queue,
        num_placed=len(placed),
        num_unplaced=len(unplaced),
        unplaced_for_s=min((now_s - pod.since_s for pod in unplaced), default=0.0) if tried else 0.0,
    )
    fallen = [pod for pod in failed if pod.exit_code == seen.failure]
    # Of the one that fell, not of one that has lost it.
    fallen.sort(key=lambda pod: pod.termination_message is not None and pod.termination_message.reason == RANK_LOST)
    return replace(seen, detail=_detail(fallen[0]) if fallen else "")


def _detail(pod: PodSeen) -> str:
    message = pod.termination_message
    if message is not None and pod.trouble != "Evicted":
        return f"{message.reason}: {message.message}"
    return f"{pod.trouble}: {pod.detail.strip()}" if pod.trouble == "Evicted" else pod.trouble
