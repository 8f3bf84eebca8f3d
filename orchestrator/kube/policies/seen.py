"""One look at a run on a cluster: as it is seen, and as the decision about its shards wants it."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.kube.state import JobSeen, PodSeen
from orchestrator.runs.map.decision import MapState


@dataclass(frozen=True)
class Limits:
    """memory_mib: of the first Job's pods. max_memory_mib: the most that pods get which ran out of it."""

    num_shards: int
    memory_mib: int
    max_memory_mib: int


@dataclass(frozen=True)
class Seen:
    """One look. jobs: of the run, in order of generation, each with its list of shards in `shards_of`.

    since: the generation that this orchestrator has joined or made; 0 while there is none. Earlier ones ended, or were
    about to, before it came, so that it begins anew. wanted_parallelism: asked for and not yet applied. lost: pods
    of lost nodes. is_exact: whether the store was listed for it.
    """

    done: frozenset[int]
    jobs: tuple[JobSeen, ...] = ()
    shards_of: tuple[tuple[int, ...], ...] = ()
    pods: tuple[PodSeen, ...] = ()
    lost: tuple[str, ...] = ()
    since: int = 0
    num_quarantined: int = 0
    wanted_parallelism: int | None = None
    is_exact: bool = True

    @property
    def pods_at_work(self) -> tuple[PodSeen, ...]:
        """Those that run, but for those that only their Job's finalizer holds."""
        return tuple(pod for pod in self.pods if pod.phase == "Running" and not pod.is_held)


@dataclass(frozen=True)
class KubeMapState(MapState):
    """job_at_work: name of the Job that has the shards, where it goes on; empty where none does."""

    seen: Seen = field(default_factory=lambda: Seen(frozenset()))
    job_at_work: str = ""
