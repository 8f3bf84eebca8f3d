"""I/O: the pass over shards as Jobs on Kubernetes, one for each generation: a backend of the loop over shards.

Nothing is kept here that counts: whoever is killed is replaced by whoever comes, and two at once do no harm. A Job is
made under a name that follows from the run and its generation.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from orchestrator.console.progress import Progress
from orchestrator.console.say_once import SayOnce
from orchestrator.kube.api import KubeApi
from orchestrator.kube.frames_said import LAST_LINES, frames_said, telling_pod
from orchestrator.kube.job_builder import job_of
from orchestrator.kube.job_manifest import RunId
from orchestrator.kube.jobs_client import KubeRunJobs
from orchestrator.kube.observer import Observer
from orchestrator.kube.policies.joined_jobs import since_of
from orchestrator.kube.policies.map_state import map_state
from orchestrator.kube.policies.seen import KubeMapState, Limits, Seen
from orchestrator.kube.policies.upkeep import KUBE_POLICIES
from orchestrator.kube.settings import KubeSettings
from orchestrator.kube.state import JobSeen
from orchestrator.runs.actions import Fail, ForceDelete, Wait
from orchestrator.runs.map.decision import Action, Delete, Scale, Start
from orchestrator.runs.options import RunOptions
from services.base.errors import EXIT_BAD_SHARD, Transient, VisemillError
from services.base.process.quantities import counted, duration
from services.base.run.spec import RunSpec
from services.base.store.interface import Store

DETACHED = "detached; the Job keeps running: reattach with `visemill resume`"

_Result = TypeVar("_Result")

_TICK_S = 0.2
# Between looks: at least this after a change, at most that without one; both longer where a look takes long.
_SOON_S, _LATE_S, _LOOK_SHARE = 1.0, 5.0, 10.0


class KubeMap:
    """A backend of `drive`. Use from one thread, and close it."""

    def __init__(
        self,
        spec: RunSpec,
        state: Store,
        api: KubeApi,
        options: RunOptions,
        settings: KubeSettings,
        limits: Limits,
        progress: Progress,
        say_once: SayOnce,
        should_stop: Callable[[], bool],
        sizes: Sequence[int],
        *,
        parallelism: int | None,
        num_problems: int,
    ) -> None:
        """sizes: clips of each shard. parallelism: what a Job that is found is scaled to; None leaves it. num_problems:
        files that planning has set aside.
        """
        self.policies = KUBE_POLICIES
        self._spec, self._state = spec, state
        self._api = api
        self._options, self._settings, self._limits = options, settings, limits
        self._progress, self._say_once = progress, say_once
        self._should_stop = should_stop
        self._sizes = sizes
        self._wanted, self._parallelism = parallelism, settings.parallelism
        self._num_problems = num_problems
        self._id = RunId(spec.run, state.uri)
        self._jobs = KubeRunJobs(api, self._id, without_gangs=True)
        self._watch = self._jobs.watch()
        self._observer = Observer(spec, state, self._jobs, count_quarantined=options.policy.max_failures is not None)
        self._asked = settings.digest(options.clip_memory_mib)
        self._newest: JobSeen | None = None
        self._unread: Seen | None = None
        self._seen = Seen(frozenset())
        self._since = 0
        self._looked_s = 0.0
        self.note = ""

    def observe(self, *, exact: bool) -> KubeMapState:
        """Raises BadConfig, Transient."""
        if self._should_stop():
            return KubeMapState(self._limits.num_shards, interrupted=DETACHED)
        if not exact:
            self._looked_s = time.monotonic()
        seen = self.ticking(
            lambda: self._observer.observe(self._since, self._wanted, patience_s=0.0, whole=exact),
        )
        seen = dataclasses.replace(seen, num_quarantined=seen.num_quarantined + self._num_problems)
        self._seen = self._unread = seen
        return map_state(seen, self._limits)

    def apply(self, action: Action) -> None:
        """A Job that somebody else has made is gone on with. Raises BadConfig, Transient."""
        if self._unread is not None:
            self._follow(self._unread)
            self._tell(self._unread)
            # Asked for once: later somebody may scale it otherwise.
            self._unread, self._wanted = None, None
        match action:
            case Start():
                self._create(action)
                self._since = self._since or action.attempt.number
            case Scale(job, parallelism):
                self._jobs.scale(job, parallelism)
                self._progress.say(f"{job}: {counted(parallelism, 'pod')} at a time")
            case ForceDelete(pods):
                for pod in pods:
                    self._jobs.force_delete(pod)
                    self._progress.say(f"pod {pod} was removed: its node does not answer")
            case Delete(job, why):
                self._jobs.delete(job)
                self._progress.say(f"{job} was removed: {why}")
            case Wait(note):
                self.note = note
            case Fail(_, code) if code == EXIT_BAD_SHARD and self._seen.jobs and self._seen.jobs[-1].is_live:
                self._jobs.delete(self._seen.jobs[-1].name)
                self._progress.say(f"{self._seen.jobs[-1].name} was deleted; shards that are done are kept")

    def away(self, error: Transient, for_s: float) -> None:
        """The cluster or the store does not answer."""
        self._say_once(f"{error.reason}: {error.message}; pods keep running")
        self.note = f"no answer for {duration(for_s)}"

    def wait(self, at_most_s: float | None) -> None:  # noqa: ARG002 - nothing here is due at a time of its own
        """Until the next look is due; progress is shown meanwhile."""
        began_s, changed = time.monotonic(), False
        cost_s = began_s - self._looked_s
        soon_s, late_s = max(_SOON_S, _LOOK_SHARE * cost_s), max(_LATE_S, _LOOK_SHARE * cost_s)
        while not self._should_stop():
            self._progress.tick(self._activity())
            changed = self._watch.wait(_TICK_S) or changed
            if time.monotonic() - began_s >= (soon_s if changed else late_s):
                return

    def ticking(self, call: Callable[[], _Result]) -> _Result:
        """What the call returns or raises; it may take long, and progress is shown meanwhile."""
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(call)
            while not wait([future], _TICK_S).done:
                self._progress.tick(self._activity())
            return future.result()

    def close(self) -> None:
        """The Jobs keep running."""
        self._watch.close()

    def _follow(self, seen: Seen) -> None:
        """What is remembered of the newest Job: that it was joined, and how far somebody has scaled it."""
        newest = seen.jobs[-1] if seen.jobs else None
        before, self._newest = self._newest, newest
        self._since = since_of(self._since, newest, seen.pods)
        if newest is None or not newest.is_live:
            return
        if before is not None and before.name == newest.name and before.parallelism != newest.parallelism:
            self._parallelism = newest.parallelism

    def _create(self, start: Start) -> None:
        job, parts = job_of(
            start, self._id, self._spec, self._state, self._options, self._settings, parallelism=self._parallelism
        )
        if self._jobs.create(job):
            attempt = start.attempt
            indexes = "1 index" if parts.num_indexes == 1 else f"{parts.num_indexes} indexes"
            self._progress.say(
                f"Job {self._api.namespace}/{job['metadata']['name']}: {counted(len(start.shards), 'shard')} in "
                f"{indexes}, {counted(parts.num_pods, 'pod')} at a time, {attempt.memory_mib} MiB each"
                + (f" ({attempt.why})" if attempt.why else "")
            )

    def _tell(self, seen: Seen) -> None:
        progress = self._progress
        progress.shards = (len(seen.done), self._spec.num_shards)
        progress.kube_requests = self._api.num_calls
        progress.reached(sum(self._sizes[shard] for shard in seen.done), self._observer.num_quarantined)
        job = seen.jobs[-1] if seen.jobs else None
        if not seen.done and (pod := telling_pod(sum(self._sizes), job, seen.pods)):
            # A pod that is gone by now, a right that is not there: the clip itself is counted all the same.
            with contextlib.suppress(VisemillError):
                progress.frames(*frames_said(self._jobs.logs(pod, tail=LAST_LINES)))
        if job and job.is_live and job.settings not in ("", self._asked):
            self._say_once(
                f"{job.name} keeps the image, sizes and other settings that it was made with, which are not those "
                "given now: where they matter, `visemill cancel --cluster kube`, then this command again",
            )
        for trouble in self._observer.troubles():
            self._say_once(str(trouble))
        for line in self._observer.endings():
            # Each pod once, by its name.
            self._say_once.exactly(line)

    def _activity(self) -> str:
        job = self._observer.look.jobs[-1] if self._observer.look.jobs else None
        pods = f"{job.num_ready} of {job.num_active} pods at work" if job and job.is_live else ""
        return "; ".join(filter(None, [pods, self.note]))
