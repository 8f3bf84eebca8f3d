"""I/O: the Jobs and pods of one run on Kubernetes: create, look, scale, suspend, delete, read logs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.kube.api import PATCH, Json, KubeApi, Refused
from orchestrator.kube.job_manifest import LABEL_PASS, RunId
from orchestrator.kube.state import JobSeen, NodeSeen, PodSeen, job_seen, node_seen, pod_seen
from services.base.errors import BadConfig, VisemillError

_WATCH_S = 300
_WATCH_AGAIN_S = 2.0
_MOST_EVENTS = 20


@dataclass(frozen=True)
class Look:
    """What the cluster said at now_s, by its own clock. pods: those that have not succeeded."""

    jobs: tuple[JobSeen, ...]
    pods: tuple[PodSeen, ...]
    now_s: float


class KubeRunJobs:
    """The Jobs of one run, or of one gang of it, in one namespace. Safe for several threads."""

    def __init__(self, api: KubeApi, run: RunId, *, without_gangs: bool = False) -> None:
        """without_gangs: only those of the pass over the shards."""
        self._api = api
        self._selector = ",".join(f"{name}={value}" for name, value in run.labels.items())
        if without_gangs:
            self._selector += f",!{LABEL_PASS}"
        self._jobs = f"/apis/batch/v1/namespaces/{api.namespace}/jobs"
        self._pods = f"/api/v1/namespaces/{api.namespace}/pods"

    def look(self, *, patience_s: float = 60.0) -> Look:
        """Its Jobs by generation, those of gangs last, and its pods. Raises BadConfig, Transient."""
        jobs = self._api.items(self._jobs, {"labelSelector": self._selector}, patience_s=patience_s)
        query = {"labelSelector": self._selector, "fieldSelector": "status.phase!=Succeeded"}
        pods = self._api.items(self._pods, query, patience_s=patience_s)
        now_s = self._api.now_s
        seen = sorted((job_seen(job, now_s) for job in jobs), key=lambda job: (bool(job.gang), job.generation))
        return Look(tuple(seen), tuple(map(pod_seen, pods)), now_s)

    def nodes(self, names: Iterable[str]) -> list[NodeSeen]:
        """Those of these nodes that there are."""
        found = []
        for name in sorted(set(names)):
            try:
                found.append(node_seen(self._api.request("GET", f"/api/v1/nodes/{name}")))
            except Refused:
                continue
            except BadConfig as error:
                if error.reason != "CLUSTER_FORBIDDEN":
                    raise
                # Rights in a namespace are enough for a run: nodes are of none.
                found.append(NodeSeen(name, ""))
        return found

    def refusals(self, job: str) -> list[str]:
        """Why a Job could make no pod, by its events; nothing where they may not be read."""
        query = {"fieldSelector": f"involvedObject.name={job},reason=FailedCreate", "limit": _MOST_EVENTS}
        path = f"/api/v1/namespaces/{self._api.namespace}/events"
        try:
            return [str(event.get("message", "")) for event in self._api.request("GET", path, query=query)["items"]]
        except VisemillError:
            return []

    def create(self, job: Json) -> bool:
        """Whether it was made now; False when one of that name was there. Raises BadConfig, Transient."""
        try:
            self._api.request("POST", self._jobs, body=job)
        except Refused as refused:
            if refused.reason == "AlreadyExists":
                return False
            raise BadConfig("CLUSTER_REFUSED", f"the Job cannot be made: {refused}") from refused
        return True

    def scale(self, job: str, parallelism: int) -> None:
        """Changes how many of its pods run at a time. Raises BadConfig NO_JOB."""
        self._patch(job, {"parallelism": parallelism})

    def suspend(self, job: str, *, suspended: bool) -> None:
        """Ends its pods until it goes on, or lets it go on. Raises BadConfig NO_JOB."""
        self._patch(job, {"suspend": suspended})

    def end(self, job: str) -> None:
        """Fails it and ends its pods; those that have failed stay to be looked at. Raises BadConfig NO_JOB."""
        self._patch(job, {"activeDeadlineSeconds": 1})

    def delete(self, job: str) -> None:
        """Removes it and its pods; harmless when it is gone."""
        with contextlib.suppress(Refused):
            self._api.request("DELETE", f"{self._jobs}/{job}", body={"propagationPolicy": "Background"})

    def force_delete(self, pod: str) -> None:
        """Removes a pod without waiting for its node; harmless when it is gone."""
        with contextlib.suppress(Refused):
            self._api.request("DELETE", f"{self._pods}/{pod}", body={"gracePeriodSeconds": 0})

    def pods(self, *, generation: int = 0) -> list[PodSeen]:
        """All its pods, those that have succeeded too."""
        seen = map(pod_seen, self._api.items(self._pods, {"labelSelector": self._selector}))
        return [pod for pod in seen if generation in (0, pod.generation)]

    def logs(self, pod: str, *, tail: int, follow: bool = False) -> Iterator[str]:
        """Lines of a pod's log. Raises BadConfig, Transient."""
        try:
            yield from self._api.lines(
                f"{self._pods}/{pod}/log", {"tailLines": tail, "follow": follow}, silence_s=3600.0 if follow else 60.0
            )
        except Refused as refused:
            raise BadConfig("NO_LOG", f"pod {pod} has no log: {refused.message or refused}") from refused

    def watch(self) -> JobWatch:
        """Rings when a Job of the run changes; it may miss changes, and ring for none."""
        return JobWatch(self._api, self._jobs, self._selector)

    def _patch(self, job: str, spec: Mapping[str, Any]) -> None:
        try:
            self._api.request("PATCH", f"{self._jobs}/{job}", body={"spec": dict(spec)}, content_type=PATCH)
        except Refused as refused:
            raise BadConfig("NO_JOB", f"Job {job} is gone or cannot be changed: {refused.message}") from refused


class JobWatch:
    """A watch on Jobs in a thread of its own. What it says is not read, only that it says something."""

    def __init__(self, api: KubeApi, path: str, selector: str) -> None:
        self._api = api
        self._path = path
        self._selector = selector
        self._changed = threading.Event()
        self._ended = threading.Event()
        threading.Thread(target=self._listen, name="watch", daemon=True).start()

    def wait(self, timeout_s: float) -> bool:
        """Whether it changed within that time."""
        changed = self._changed.wait(timeout_s)
        self._changed.clear()
        return changed

    def close(self) -> None:
        """Rings no more; its thread ends with the watch."""
        self._ended.set()

    def _listen(self) -> None:
        # Without a version the watch begins with what there is, so that a dropped one misses nothing that counts.
        query = {"watch": True, "labelSelector": self._selector, "timeoutSeconds": _WATCH_S}
        while not self._ended.is_set():
            # Gone, dropped, a server that restarts: looks go on without it.
            with contextlib.suppress(VisemillError, Refused):
                for _ in self._api.lines(self._path, query, silence_s=_WATCH_S + 30.0):
                    self._changed.set()
                    if self._ended.is_set():
                        return
            self._ended.wait(_WATCH_AGAIN_S)
