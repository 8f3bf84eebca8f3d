"""PURE: what Kubernetes says of a run's Jobs, pods and nodes, as values. From the dicts of its API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from orchestrator.kube.job_manifest import (
    LABEL_GENERATION,
    LABEL_PASS,
    LABEL_QUEUE,
    NOTE_MEMORY_MIB,
    NOTE_SETTINGS,
    NOTE_SHARDS,
)
from services.base.run.sharding import parse_shards

JobPhase = Literal["active", "suspended", "ending", "complete", "failed", "deleted"]


@dataclass(frozen=True)
class JobSeen:
    """One generation. completed, failed: its indexes that have ended so. why: reason and words of its end, if any.

    queue: of Kueue, which then suspends it and lets it go on. settings: a digest of what was asked of pods. gang: name
    of the gang pass; empty for that over the shards.
    """

    name: str
    generation: int
    phase: JobPhase
    shards: str
    num_indexes: int
    parallelism: int
    memory_mib: int
    completed: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()
    num_active: int = 0
    num_ready: int = 0
    reason: str = ""
    message: str = ""
    age_s: float = 0.0
    queue: str = ""
    settings: str = ""
    gang: str = ""

    @property
    def is_live(self) -> bool:
        """Whether it still has, or may still start, pods."""
        return self.phase in ("active", "suspended", "ending")


@dataclass(frozen=True)
class TerminationMessage:
    """What a worker left in its termination log."""

    kind: str
    reason: str
    message: str
    shards: str = ""


@dataclass(frozen=True)
class PodSeen:
    """A pod that has not succeeded. exit_code: None while it has not ended. since_s: when it was made.

    trouble: the reason, as Kubernetes words it, why it does not start or has ended. deleted_s: when it was to be gone.
    is_held: removed by force, and still there since its Job's finalizer is on it. is_disrupted: the cluster ends it for
    a reason that is not its own.
    """

    name: str
    generation: int
    index: int
    phase: str
    node: str = ""
    exit_code: int | None = None
    trouble: str = ""
    detail: str = ""
    termination_message: TerminationMessage | None = None
    since_s: float = 0.0
    ended_s: float = 0.0
    deleted_s: float | None = None
    is_held: bool = False
    gang: str = ""
    is_disrupted: bool = False

    @property
    def has_ended(self) -> bool:
        return self.phase in ("Succeeded", "Failed")

    @property
    def out_of_memory(self) -> bool:
        """Whether it ended for want of memory."""
        return self.trouble == "OOMKilled" or (
            self.termination_message is not None and self.termination_message.reason == "MEMORY_RAN_OUT"
        )


@dataclass(frozen=True)
class NodeSeen:
    """ready: what the node's Ready condition says: True, False, or Unknown when its kubelet is silent.

    Empty where the node may not be read.
    """

    name: str
    ready: str


def job_seen(job: Mapping[str, Any], now_s: float) -> JobSeen:
    """The Job of a run."""
    meta, spec, status = job["metadata"], job["spec"], job.get("status") or {}
    notes = meta.get("annotations") or {}
    ended = _ending(status)
    return JobSeen(
        meta["name"],
        int(meta["labels"][LABEL_GENERATION]),
        _job_phase(meta, spec, ended),
        notes.get(NOTE_SHARDS, ""),
        int(spec.get("completions") or 0),
        int(spec.get("parallelism") or 0),
        int(notes.get(NOTE_MEMORY_MIB, 0)),
        indexes(status.get("completedIndexes", "")),
        indexes(status.get("failedIndexes", "")),
        int(status.get("active") or 0),
        int(status.get("ready") or 0),
        ended.get("reason", ""),
        ended.get("message", ""),
        now_s - seconds(meta.get("creationTimestamp")),
        meta["labels"].get(LABEL_QUEUE, ""),
        notes.get(NOTE_SETTINGS, ""),
        meta["labels"].get(LABEL_PASS, ""),
    )


def pod_seen(pod: Mapping[str, Any]) -> PodSeen:
    """A pod of a run."""
    meta, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    labels = meta.get("labels") or {}
    state = next((item.get("state") or {} for item in status.get("containerStatuses") or ()), {})
    ended = state.get("terminated") or {}
    trouble, detail = _trouble(status, state)
    return PodSeen(
        meta["name"],
        int(labels.get(LABEL_GENERATION, 0)),
        int(labels.get("batch.kubernetes.io/job-completion-index", -1)),
        status.get("phase", "Pending"),
        spec.get("nodeName", ""),
        ended.get("exitCode"),
        trouble,
        detail,
        termination_message_of(ended.get("message", "")),
        seconds(meta.get("creationTimestamp")),
        seconds(ended.get("finishedAt")),
        seconds(meta["deletionTimestamp"]) if meta.get("deletionTimestamp") else None,
        "deletionTimestamp" in meta and meta.get("deletionGracePeriodSeconds") == 0,
        labels.get(LABEL_PASS, ""),
        any((c["type"], c["status"]) == ("DisruptionTarget", "True") for c in status.get("conditions") or ()),
    )


def node_seen(node: Mapping[str, Any]) -> NodeSeen:
    """A node."""
    conditions = (node.get("status") or {}).get("conditions") or ()
    ready = next((c["status"] for c in conditions if c["type"] == "Ready"), "Unknown")
    return NodeSeen(node["metadata"]["name"], ready)


def indexes(text: str) -> frozenset[int]:
    """The numbers of a Job's `completedIndexes`, such as `0,2-5`."""
    return frozenset(parse_shards(text, 1 << 31)) if text else frozenset()


def termination_message_of(text: str) -> TerminationMessage | None:
    """What the worker left, None where it left nothing that can be read."""
    try:
        fields = json.loads(text)
        return TerminationMessage(
            str(fields["kind"]), str(fields["reason"]), str(fields["message"]), str(fields.get("shards", ""))
        )
    except (ValueError, KeyError, TypeError):
        return None


def seconds(text: str | None) -> float:
    """Seconds since 1970 of a time of the API; 0 for none."""
    return datetime.fromisoformat(text).timestamp() if text else 0.0


def _ending(status: Mapping[str, Any]) -> dict[str, str]:
    true = {c["type"]: c for c in status.get("conditions") or () if c["status"] == "True"}
    for kind in ("Complete", "Failed", "SuccessCriteriaMet", "FailureTarget"):
        if kind in true:
            return {"type": kind, "reason": true[kind].get("reason", ""), "message": true[kind].get("message", "")}
    return {}


def _job_phase(meta: Mapping[str, Any], spec: Mapping[str, Any], ended: Mapping[str, str]) -> JobPhase:
    if meta.get("deletionTimestamp"):
        return "deleted"
    match ended.get("type"):
        case "Complete":
            return "complete"
        case "Failed":
            return "failed"
        case "SuccessCriteriaMet" | "FailureTarget":
            return "ending"
    return "suspended" if spec.get("suspend") else "active"


def _trouble(status: Mapping[str, Any], state: Mapping[str, Any]) -> tuple[str, str]:
    """(reason, words) of what keeps a pod from starting, or has ended it."""
    if status.get("reason"):
        return str(status["reason"]), str(status.get("message", ""))
    for part in ("terminated", "waiting"):
        found = state.get(part) or {}
        if found.get("reason") not in (None, "Completed", "ContainerCreating", "PodInitializing"):
            return str(found["reason"]), str(found.get("message", ""))
    for kind, value in (("DisruptionTarget", "True"), ("PodScheduled", "False")):
        for condition in status.get("conditions") or ():
            if (condition["type"], condition["status"]) == (kind, value):
                return str(condition.get("reason", "")), str(condition.get("message", ""))
    return "", ""
