"""What a cluster needs beside starting shards: lost pods and Jobs that another has followed go, parallelism changes."""

from __future__ import annotations

from orchestrator.kube.policies.seen import KubeMapState
from orchestrator.runs.actions import ForceDelete
from orchestrator.runs.map.decision import Action, BackendPolicies, Delete, Scale


def lost_pods_go(state: KubeMapState) -> Action | None:
    """Pods whose node is lost hold their Job up."""
    return ForceDelete(state.seen.lost) if state.seen.lost else None


def older_jobs_go(state: KubeMapState) -> Action | None:
    """A Job that another has followed."""
    replaced = [job for job in state.seen.jobs[:-1] if job.is_live]
    return Delete(replaced[0].name, "another has what it left") if replaced else None


def held_job_goes(state: KubeMapState) -> Action | None:
    """When all is done, a Job that waits only for pods that can never end."""
    job = state.seen.jobs[-1] if state.seen.jobs else None
    is_done = len(state.done) == state.num_shards
    if not (is_done and job and job.is_live and not state.num_busy and any(pod.is_held for pod in state.seen.pods)):
        return None
    return Delete(job.name, "its last pods are on nodes that do not answer")


def parallelism_changes(state: KubeMapState) -> Action | None:
    """To what was asked for, as far as the Job has indexes."""
    wanted = state.seen.wanted_parallelism
    job = next((job for job in state.seen.jobs if job.name == state.job_at_work), None)
    if job is None or wanted is None or wanted == job.parallelism:
        return None
    return Scale(job.name, min(wanted, job.num_indexes))


KUBE_POLICIES = BackendPolicies[KubeMapState](
    urgent=(lost_pods_go, older_jobs_go, held_job_goes), idle=(parallelism_changes,)
)
