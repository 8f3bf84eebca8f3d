"""I/O: what a run on a cluster sees: done shards from the store, Jobs and pods from the API, as cheaply as it can."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from orchestrator.kube.jobs_client import KubeRunJobs, Look
from orchestrator.kube.policies.lost_nodes import left_pods, lost_pods
from orchestrator.kube.policies.pod_trouble import Trouble, endings, troubles
from orchestrator.kube.policies.seen import Seen
from orchestrator.kube.state import JobSeen
from orchestrator.runs.commits.observe import observe, read_quarantine
from orchestrator.runs.gang.results import gangs_are_done
from services.base.run import paths
from services.base.run.sharding import parse_shards, part_of
from services.base.run.spec import RunSpec
from services.base.store.interface import Store

# A listing of 10^5 shards takes seconds: of all the time, no more than a part in so many goes into listings.
_LISTING_SHARE = 10.0
_EVENTS_EVERY_S = 15.0


class Observer:
    """Looks at one run. Use from one thread. look: the last that the cluster said, for words about it.

    finished: whether the output was published and its gang passes are finished, at the last listing.
    """

    def __init__(self, spec: RunSpec, state: Store, jobs: KubeRunJobs, *, count_quarantined: bool) -> None:
        """count_quarantined: whether clips in quarantine are counted, which reads a file of each shard that has any."""
        self._spec = spec
        self._state = state
        self._jobs = jobs
        self._counts = count_quarantined
        self._done: frozenset[int] = frozenset()
        self._quarantined: dict[int, int] = {}
        self._lists: dict[str, tuple[int, ...]] = {}
        self._list_again_s = 0.0
        self._events_s = 0.0
        self._refusals: list[str] = []
        self._left: tuple[str, ...] = ()
        self.look = Look((), (), 0.0)
        self.listed = False
        self.finished = False

    @property
    def num_quarantined(self) -> int:
        return sum(self._quarantined.values())

    def observe(self, since: int, wanted_parallelism: int | None, *, patience_s: float, whole: bool = False) -> Seen:
        """One look. whole: list the store however long that takes; `listed` tells whether it was.

        Raises BadConfig, Transient.
        """
        self.look = self._jobs.look(patience_s=patience_s)
        jobs = self.look.jobs
        # After the Jobs, so that a Job which has ended has its commits listed.
        self.listed = whole or time.monotonic() >= self._list_again_s
        if self.listed:
            self._list()
        shards_of = tuple(self.shards_of(job) for job in jobs)
        completed = {shard for job, shards in zip(jobs, shards_of, strict=True) for shard in _completed(job, shards)}
        pods, now_s = self.look.pods, self.look.now_s
        late = [pod for pod in pods if pod.deleted_s is not None and pod.deleted_s < now_s and not pod.is_held]
        nodes = self._jobs.nodes(pod.node for pod in late)
        lost, self._left = lost_pods(late, nodes, now_s), left_pods(late, nodes, now_s)
        # Of a whole look only what was listed counts: the store has the last word.
        done = self._done if self.listed else self._done | completed
        return Seen(
            *(done, jobs, shards_of, self.look.pods, lost, since, self.num_quarantined, wanted_parallelism),
            is_exact=self.listed,
        )

    def shards_of(self, job: JobSeen) -> tuple[int, ...]:
        """The list that a Job's indexes divide. Raises NotThere when it is gone from the store."""
        if job.shards not in self._lists:
            text = job.shards
            if text.startswith("@"):
                text = self._state.read(paths.list_file(self._spec.run, text[1:])).decode()
            self._lists[job.shards] = parse_shards(text, self._spec.num_shards) if text else ()
        return self._lists[job.shards]

    def troubles(self) -> tuple[Trouble, ...]:
        """What keeps the newest Job's pods from their work."""
        job = self.look.jobs[-1] if self.look.jobs else None
        if job is None or not job.is_live:
            return ()
        now_s = time.monotonic()
        few = job.num_active < min(job.parallelism, job.num_indexes - len(job.completed) - len(job.failed))
        if not few or job.phase == "suspended":
            self._refusals = []
        elif now_s - self._events_s > _EVENTS_EVERY_S:
            self._events_s, self._refusals = now_s, self._jobs.refusals(job.name)
        pods = [pod for pod in self.look.pods if pod.generation == job.generation]
        # What has ended has been told, and has its successor.
        held = [pod for pod in pods if pod.exit_code is None or pod.out_of_memory or pod.trouble == "Evicted"]
        return troubles(held, self._refusals, self._left)

    def endings(self) -> tuple[str, ...]:
        """Pods of the newest Job that have failed, each in a line."""
        newest = self.look.jobs[-1].generation if self.look.jobs else 0
        return endings(pod for pod in self.look.pods if pod.generation == newest)

    def _list(self) -> None:
        began_s = time.monotonic()
        observed = observe(self._state, self._spec.run)
        if self._counts:
            unsure = [s for s in observed.set_aside if s not in self._quarantined or s not in self._done]
            lines = read_quarantine(self._state, self._spec, unsure) if unsure else []
            counts = Counter(line.get("shard") for line in lines)
            self._quarantined |= {shard: counts[shard] for shard in unsure}
        self._done = observed.done
        self.finished = observed.finished and gangs_are_done(self._spec, self._state)
        now_s = time.monotonic()
        self._list_again_s = now_s + _LISTING_SHARE * (now_s - began_s)


def _completed(job: JobSeen, shards: Sequence[int]) -> list[int]:
    return [s for index in job.completed if index < job.num_indexes for s in part_of(shards, index, job.num_indexes)]
