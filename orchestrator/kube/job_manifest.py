"""PURE: a pass over the data, or a training, as the dict of a Kubernetes Job.

A map Job is Indexed, its indexes independent: each carries its part of the shards, is retried alone and fails alone. A
gang Job is the ranks of one training: when one fails all end, and the next generation goes on from the checkpoint.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.kube.pod_manifest import PodSettings, pod_template
from services.base.errors import EXIT_USAGE, BadConfig, BadShard

LABEL_RUN = "visemill.dev/run"
LABEL_STATE = "visemill.dev/state"
LABEL_GENERATION = "visemill.dev/generation"
LABEL_PASS = "visemill.dev/pass"  # noqa: S105 - a name
"""Of a gang; the Jobs of the pass over the shards have none."""
LABEL_QUEUE = "kueue.x-k8s.io/queue-name"
NOTE_RUN = "visemill.dev/run-name"
NOTE_SHARDS = "visemill.dev/shards"
NOTE_MEMORY_MIB = "visemill.dev/memory-mib"
NOTE_SETTINGS = "visemill.dev/settings"
GANG_SERVICE = "visemill-gang"
"""The headless Service that the chart installs once: it gives the ranks of every gang Job their names."""
MASTER_PORT = 29500

INDEX = "$(JOB_COMPLETION_INDEX)"
"""In an argument: the number of the pod's index, which Kubernetes fills in."""

_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
# A pod's host name is the Job's name, "-" and the index, and may have 63 letters in all.
_MOST_NAME = 36
_DIGITS = 8


@dataclass(frozen=True)
class RunId:
    """Which run a Job is of: its name, and where its state lies, since two outputs may hold runs of one name.

    gang: name of the gang pass; empty for that over the shards.
    """

    run: str
    state_uri: str
    gang: str = ""

    @property
    def labels(self) -> dict[str, str]:
        """What selects the run's Jobs and pods, or those of the gang."""
        gang = {LABEL_PASS: self.gang} if self.gang else {}
        return {LABEL_RUN: _label(self.run), LABEL_STATE: _digest(self.state_uri), **gang}

    def job_name(self, generation: int) -> str:
        """`visemill-<run>-<where>[-<gang>]-<generation>`, in letters that a host name may have."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.run.lower()).strip("-")
        if slug != self.run or len(slug) > _MOST_NAME - 16:
            slug = f"{slug[:11].strip('-')}-{_digest(self.run)}".lstrip("-")
        gang = f"-{self.gang}" if self.gang else ""
        return f"visemill-{slug}-{_digest(self.state_uri)[:4]}{gang}-{generation}"


@dataclass(frozen=True)
class MapJob:
    """One generation of a run's pass over its shards.

    shards: the list that the indexes divide, as an argument of a worker gives it. num_retries: of one index.
    max_failed_indexes: more end the Job. deadline_s: of the whole Job; 0 is none. keep_s: how long it stays when it has
    ended, to be looked at. queue: of Kueue, which then starts the Job. settings: a digest of what was asked of pods.
    """

    run: RunId
    generation: int
    args: Sequence[str]
    shards: str
    num_indexes: int
    parallelism: int
    pods: PodSettings
    num_retries: int = 3
    max_failed_indexes: int = 10
    deadline_s: int = 0
    keep_s: int = 86400
    queue: str = ""
    settings: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.num_indexes <= 100_000:
            raise ValueError(f"a Job has 1 to 100000 indexes, not {self.num_indexes}")
        if self.parallelism < 1 or self.generation < 1:
            raise ValueError(f"parallelism {self.parallelism} and generation {self.generation} must be 1 or more")
        if self.num_retries < 0 or self.max_failed_indexes < 0:
            raise ValueError(f"{self.num_retries} retries, {self.max_failed_indexes} failed indexes: not below 0")


@dataclass(frozen=True)
class GangJob:
    """One generation of a training: pods of ranks that find each other, all or none. command: of the container."""

    run: RunId
    generation: int
    command: Sequence[str]
    num_ranks: int
    pods: PodSettings
    ranks_per_pod: int = 1
    deadline_s: int = 0
    keep_s: int = 86400
    queue: str = ""

    def __post_init__(self) -> None:
        if self.num_ranks < 1 or self.generation < 1:
            raise ValueError(f"{self.num_ranks} ranks of generation {self.generation}: both are 1 or more")
        if self.ranks_per_pod < 1 or self.num_ranks % self.ranks_per_pod:
            raise ValueError(f"{self.num_ranks} ranks cannot be shared out as {self.ranks_per_pod} a pod")


def map_job(job: MapJob) -> dict[str, Any]:
    """The Job of one generation of a map pass."""
    args = [*job.args, "--shards", job.shards, "--index", INDEX, "--num-indexes", str(job.num_indexes)]
    spec = {
        "completions": job.num_indexes,
        "parallelism": min(job.parallelism, job.num_indexes),
        "backoffLimitPerIndex": job.num_retries,
        "maxFailedIndexes": min(job.max_failed_indexes, job.num_indexes),
        "podFailurePolicy": {"rules": map_rules()},
    }
    notes = {NOTE_SHARDS: job.shards, NOTE_MEMORY_MIB: str(job.pods.memory_mib), NOTE_SETTINGS: job.settings}
    return _job(job, spec, pod_template(job.pods, args, labels_of(job)), notes)


def gang_job(job: GangJob) -> dict[str, Any]:
    """The Job of one generation of a training. It succeeds with the pod of rank 0."""
    name = job.run.job_name(job.generation)
    index = {"fieldRef": {"fieldPath": "metadata.annotations['batch.kubernetes.io/job-completion-index']"}}
    ranks: list[dict[str, Any]] = [
        {"name": "GROUP_RANK", "valueFrom": index},
        {"name": "WORLD_SIZE", "value": str(job.num_ranks)},
        {"name": "MASTER_ADDR", "value": f"{name}-0.{GANG_SERVICE}"},
        # A port of rank 0's own pod, which nobody else takes.
        {"name": "MASTER_PORT", "value": str(MASTER_PORT)},
        {"name": "VISEMILL_GENERATION", "value": str(job.generation)},
    ]
    template = pod_template(job.pods, [], labels_of(job), ranks)
    template["spec"]["subdomain"] = GANG_SERVICE
    template["spec"]["containers"][0]["command"] = list(job.command)
    num_pods = job.num_ranks // job.ranks_per_pod
    spec = {
        "completions": num_pods,
        "parallelism": num_pods,
        # A rank that is replaced alone would wait for the others, and they for it: any failure ends them all.
        "backoffLimit": 0,
        "successPolicy": {"rules": [{"succeededIndexes": "0"}]},
        "podFailurePolicy": {"rules": [_on_exit("FailJob", BadConfig.exit_code, EXIT_USAGE)]},
    }
    return _job(job, spec, template, {NOTE_MEMORY_MIB: str(job.pods.memory_mib)})


def map_rules() -> list[dict[str, Any]]:
    """What the end of a pod means. A disruption first: it says nothing of the work, whatever the pod's exit code was.

    What no rule names, a counted failure of the index, is Transient, a bug, a signal.
    """
    disrupted = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    ending = _on_exit("FailJob", BadConfig.exit_code, EXIT_USAGE)
    return [disrupted, ending, _on_exit("FailIndex", BadShard.exit_code)]


def labels_of(job: MapJob | GangJob) -> dict[str, str]:
    """Labels of the Job and of its pods."""
    return {
        "app.kubernetes.io/name": "visemill",
        "app.kubernetes.io/component": "worker" if isinstance(job, MapJob) else "training",
        "app.kubernetes.io/managed-by": "visemill",
        **job.run.labels,
        LABEL_GENERATION: str(job.generation),
    }


def _job(
    job: MapJob | GangJob, spec: Mapping[str, Any], template: Mapping[str, Any], notes: Mapping[str, str]
) -> dict[str, Any]:
    queue = {LABEL_QUEUE: job.queue} if job.queue else {}
    limits: dict[str, Any] = {"activeDeadlineSeconds": job.deadline_s} if job.deadline_s else {}
    # Kueue starts what it admits: a Job that came unsuspended would run beside the queue.
    limits |= {"suspend": True} if job.queue else {}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job.run.job_name(job.generation),
            "labels": {**labels_of(job), **queue},
            "annotations": {NOTE_RUN: job.run.run, **notes},
        },
        "spec": {
            "completionMode": "Indexed",
            "podReplacementPolicy": "Failed",
            "ttlSecondsAfterFinished": job.keep_s,
            **limits,
            **spec,
            "template": dict(template),
        },
    }


def _on_exit(action: str, *codes: int) -> dict[str, Any]:
    return {"action": action, "onExitCodes": {"containerName": "worker", "operator": "In", "values": sorted(codes)}}


def _label(text: str) -> str:
    """The text where it may be the value of a label, else its letters and a digest."""
    if _LABEL.fullmatch(text):
        return text
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', text)[:40].strip('-')}-{_digest(text)}".lstrip("-")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
