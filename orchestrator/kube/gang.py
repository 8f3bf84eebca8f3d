"""I/O: a gang pass as Jobs on Kubernetes, one for each generation: a backend of the loop over gangs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from orchestrator.kube.api import KubeApi
from orchestrator.kube.job_manifest import GangJob, RunId, gang_job
from orchestrator.kube.jobs_client import KubeRunJobs
from orchestrator.kube.pod_manifest import TERMINATION_LOG
from orchestrator.kube.policies.gang_generation import generation_of
from orchestrator.kube.policies.lost_nodes import lost_pods
from orchestrator.kube.policies.more_memory import memory_of_next
from orchestrator.kube.settings import KubeSettings
from orchestrator.runs.actions import Fail, ForceDelete
from orchestrator.runs.gang.decision import Action, End, Fewer, GangState, Generation, Start
from orchestrator.runs.worker_argv import pod_argv
from services.base.run.gang_log import GangLog
from services.base.run.passes import GangPass
from services.base.store.interface import Store
from services.base.worker.pass_log import PassLog

_TICK_S = 0.2
_SOON_S, _LATE_S = 1.0, 5.0
PYTHON = "python3"
"""Of the workers' image."""


class KubeGang:
    """Carries one gang pass on a cluster. Nothing is kept here that counts: whoever comes finds Jobs and log.

    Use from one thread, and close it.
    """

    def __init__(
        self,
        gang: GangPass,
        run: str,
        state: Store,
        api: KubeApi,
        settings: KubeSettings,
        memory_mib: int,
        max_memory_mib: int,
        command: Sequence[str],
        should_stop: Callable[[], bool],
        *,
        wakes: bool,
    ) -> None:
        """command: of a rank, as the pods' image has it. memory_mib: of a pod, and max_memory_mib: of one of a later
        generation, where pods run out of it. wakes: go on with what is suspended.
        """
        self._gang = gang
        self._id = RunId(run, state.uri, gang.name)
        self._settings = settings
        self._memory_mib, self._first_mib, self._max_memory_mib = memory_mib, memory_mib, max_memory_mib
        # Generations that a pod ran out of memory in, which may be gone when the next one starts.
        self._ran_out: set[int] = set()
        # Those of which a pod was deleted or lost, which is not to be seen once it is gone.
        self._disrupted: set[int] = set()
        # Pods that had a node and those that had none, of generations when they were last at work.
        self._placed: dict[int, tuple[int, int]] = {}
        self._command = pod_argv(gang, command, ["--termination-log", TERMINATION_LOG], PYTHON)
        self._should_stop = should_stop
        self._wakes = wakes
        self._log = PassLog(state, run, gang.name)
        self._jobs = KubeRunJobs(api, self._id)
        self._watch = self._jobs.watch()
        self._generations: tuple[Generation, ...] = ()
        self._since = 0
        self._done_s: float | None = None

    def observe(self) -> GangState:
        """Raises BadConfig, Transient."""
        if self._should_stop():
            return GangState(GangLog(), interrupted=True)
        look = self._jobs.look(patience_s=0.0)
        # After the Jobs, so that one which has ended has its commits in the log.
        log = self._log.read()
        if log.is_done and self._done_s is None:
            self._done_s = time.monotonic()
        late = [pod for pod in look.pods if pod.deleted_s is not None and not pod.is_held]
        lost = lost_pods(late, self._jobs.nodes(pod.node for pod in late), look.now_s) if late else ()
        generations = [
            generation_of(job, [pod for pod in look.pods if pod.generation == job.generation], look.now_s)
            for job in look.jobs
        ]
        self._generations = tuple(map(self._remembered, generations))
        self._ran_out |= {pod.generation for pod in look.pods if pod.out_of_memory}
        if look.jobs:
            last = look.jobs[-1]
            self._memory_mib = memory_of_next(
                last, last.generation in self._ran_out, self._first_mib, self._max_memory_mib
            )
        newest = self._generations[-1] if self._generations else None
        if not self._since and newest is not None and newest.phase == "running":
            self._since = newest.number
        done_for_s = time.monotonic() - self._done_s if self._done_s is not None else 0.0
        fewer = None
        if self._gang.min_pods < self._gang.num_pods:
            fewer = Fewer(self._gang.min_pods, self._gang.min_ranks_after_s, self._gang.ranks_per_pod)
        return GangState(log, self._generations, self._since, done_for_s, lost, wakes=self._wakes, fewer=fewer)

    def apply(self, action: Action) -> None:
        """A Job that somebody else has made is gone on with. Raises BadConfig, Transient."""
        match action:
            case Start(generation, _, num_pods):
                self._jobs.create(self._job(generation, num_pods or self._gang.num_pods))
                self._since = self._since or generation
                self._wakes = False
            case End(number):
                self._end(number)
            case ForceDelete(pods):
                for pod in pods:
                    self._jobs.force_delete(pod)
            case Fail() if self._generations and self._generations[-1].is_live and not self._should_stop():
                self._end(self._generations[-1].number)

    def wait(self, at_most_s: float | None) -> None:
        """Until a Job has changed, at least a second, or it is time to look."""
        began_s, changed = time.monotonic(), False
        late_s = _LATE_S if at_most_s is None else min(_LATE_S, max(_TICK_S, at_most_s))
        while not self._should_stop():
            changed = self._watch.wait(_TICK_S) or changed
            if time.monotonic() - began_s >= (min(_SOON_S, late_s) if changed else late_s):
                return

    def close(self) -> None:
        """The Jobs go on."""
        self._watch.close()

    def _remembered(self, seen: Generation) -> Generation:
        """With what is not to be seen any more when its pods are gone."""
        if seen.disrupted:
            self._disrupted.add(seen.number)
        if seen.phase == "running" and not seen.exit_codes:
            self._placed[seen.number] = (seen.num_placed, seen.num_unplaced)
        placed, unplaced = self._placed.get(seen.number, (seen.num_placed, seen.num_unplaced))
        return replace(seen, disrupted=seen.number in self._disrupted, num_placed=placed, num_unplaced=unplaced)

    def _end(self, number: int) -> None:
        name = self._id.job_name(number)
        failed = any(one.number == number and one.failure for one in self._generations)
        # The log of a pod that failed is worth reading; one on a lost node would hold its Job for ever.
        if failed:
            self._jobs.end(name)
        else:
            self._jobs.delete(name)

    def _job(self, generation: int, num_pods: int) -> dict[str, object]:
        settings = self._settings
        return gang_job(
            GangJob(
                self._id,
                generation,
                self._command,
                num_pods * self._gang.ranks_per_pod,
                settings.pods(self._memory_mib),
                self._gang.ranks_per_pod,
                settings.job_deadline_s,
                settings.job_keep_s,
                settings.queue,
            )
        )
