"""When following a run on a cluster ends: it is published, it cannot go on, or nobody carries it on.

A run may need several Jobs: after one has ended, the next is made by whoever executes the run, within seconds.
"""

from __future__ import annotations

import dataclasses

from orchestrator.kube.policies.map_state import map_state
from orchestrator.kube.policies.seen import Limits, Seen
from orchestrator.kube.policies.upkeep import KUBE_POLICIES
from orchestrator.runs.actions import Fail
from orchestrator.runs.map.decision import decide
from orchestrator.runs.policy import Policy

_IDLE_LIMIT_S = 300.0
# How far pods may grow is a setting of whoever executes the run: here any memory will do.
_ANY_MEMORY_MIB = 1 << 40


def is_idle(seen: Seen) -> bool:
    """Whether no Job of the run has, or may still start, pods."""
    return not any(job.is_live for job in seen.jobs)


def watch_end(seen: Seen, num_shards: int, *, finished: bool, idle_s: float) -> str:
    """Why there is nothing more to follow; empty while there is. idle_s: how long the run has been without live Job."""
    if finished and len(seen.done) == num_shards:
        return "the run is finished"
    if not is_idle(seen):
        return ""
    if seen.jobs:
        # As one who has followed the newest Job while it was at work.
        followed = dataclasses.replace(seen, since=seen.jobs[-1].generation)
        state = map_state(followed, Limits(num_shards, _ANY_MEMORY_MIB, _ANY_MEMORY_MIB))
        for action in decide(state, Policy(), KUBE_POLICIES):
            if isinstance(action, Fail):
                return f"the run has failed: {action.why}"
    if idle_s < _IDLE_LIMIT_S:
        return ""
    rest = "to be published" if len(seen.done) == num_shards else "to be made"
    return f"no Job for {idle_s:.0f} s and something left {rest}: `visemill resume` resumes the run"
