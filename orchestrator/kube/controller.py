"""I/O: a run on Kubernetes from its pinned plan to its summary: look, decide, act; publish under the lease.

Nothing is kept here that counts: whoever is killed is replaced by whoever comes, and two at once do no harm. A Job is
made under a name that follows from the run and its generation, and publishing takes the output's lease.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from orchestrator.console.progress import Progress
from orchestrator.console.quantities import duration
from orchestrator.kube.api import KubeApi
from orchestrator.kube.gang import PYTHON, KubeGang
from orchestrator.kube.job_builder import job_of
from orchestrator.kube.job_manifest import RunId
from orchestrator.kube.jobs_client import JobWatch, KubeRunJobs
from orchestrator.kube.observer import Observer
from orchestrator.kube.policies.image_libraries import check_image
from orchestrator.kube.policies.joined_jobs import since_of
from orchestrator.kube.policies.next_step import (
    Create,
    Delete,
    Fail,
    ForceDelete,
    Limits,
    Scale,
    Seen,
    Step,
    Wait,
    next_step,
)
from orchestrator.kube.settings import KubeSettings
from orchestrator.kube.state import JobSeen
from orchestrator.pipelines.base import Pipeline
from orchestrator.runs.claim.lease import Lease
from orchestrator.runs.commits.commits import Commits
from orchestrator.runs.commits.observe import observe, read_clips
from orchestrator.runs.commits.summary import Summary, num_problems, summarize
from orchestrator.runs.gang.passes import carry_gangs
from orchestrator.runs.gang.results import gangs_are_whole
from orchestrator.runs.options import RunOptions, remote_stages
from orchestrator.runs.publish import publish_whole
from orchestrator.runs.worker_argv import rank_argv
from services.base.errors import EXIT_BAD_SHARD, EXIT_INTERRUPTED, EXIT_OK, BadConfig, Transient
from services.base.run.passes import GangPass
from services.base.run.spec import RunSpec
from services.base.store.interface import Store

_Result = TypeVar("_Result")

_TICK_S = 0.2
# Between looks: at least this after a change, at most that without one; both longer where a look takes long.
_SOON_S, _LATE_S, _LOOK_SHARE = 1.0, 5.0, 10.0
_AWAY_LIMIT_S = 1800.0
_DETACHED = "detached; the Job keeps running: reattach with `visemill resume`"


class KubeRun:
    """Carries one pinned run on a cluster. Use once, from one thread.

    KubeRun(pipeline, order, state, outputs, options, settings, should_stop).run() -> Summary. `pin` comes first.
    options.quiet and options.progress_as_json say how progress is told on standard error. should_stop is asked several
    times a second: once it says yes `run` returns with exit code 130, and the Job goes on without us. parallelism: what
    a Job that is found is scaled to; None leaves it.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        order: RunSpec,
        state: Store,
        outputs: Store,
        options: RunOptions,
        settings: KubeSettings,
        should_stop: Callable[[], bool],
        parallelism: int | None = None,
    ) -> None:
        """Raises BadConfig NO_CLUSTER, LOCAL_ROOT, IMAGE_LACKS."""
        check_roots(order.input_root, order.output_root, state.uri)
        stages = [(stage.name, stage.config) for stage in order.stages]
        check_image(settings.worker_image, pipeline, stages, settings.pods_gpus, remote_stages(options.remote))
        self._pipeline = pipeline
        self._order = order
        self._state = state
        self._outputs = outputs
        self._commits = Commits(order, state)
        self._options = dataclasses.replace(options, threads_per_worker=max(1, int(settings.pods_cpu)))
        self._settings = settings
        self._should_stop = should_stop
        self._wanted = parallelism
        self._parallelism = settings.parallelism
        self._asked = settings.digest(options.clip_memory_mib)
        self._newest: JobSeen | None = None
        self._api = KubeApi(settings.context, settings.namespace)
        self._id = RunId(order.run, state.uri)
        self._jobs = KubeRunJobs(self._api, self._id, without_gangs=True)
        max_failures = options.policy.max_failures
        memory_mib, cap_mib = (f(options.clip_memory_mib) for f in (settings.first_memory_mib, settings.max_memory_mib))
        self._limits = Limits(order.num_shards, memory_mib, cap_mib, max_failures)
        self._observer = Observer(order, state, self._jobs, count_quarantined=max_failures is not None)
        self._since = 0
        self._told: set[str] = set()
        self._note = ""
        self._wakes = False

    def wake(self) -> None:
        """Lets a Job go on that was suspended; of a gang the next generation does. Raises BadConfig, Transient."""
        self._wakes = True
        for job in self._jobs.look().jobs:
            if job.phase == "suspended" and not job.queue:
                self._jobs.suspend(job.name, suspended=False)

    def run(self) -> Summary:
        """To its end, or as far as it goes. Raises BadConfig, Transient."""
        began_s = time.monotonic()
        observed = observe(self._state, self._order.run)
        manifest = read_clips(self._state, self._order)
        sizes = [manifest.num_clips_of(shard) for shard in range(self._order.num_shards)]
        quiet, as_json = self._options.quiet, self._options.progress_as_json
        progress = Progress(manifest.num_clips, sum(sizes[s] for s in observed.done), quiet=quiet, as_json=as_json)
        progress.shards = (len(observed.done), self._order.num_shards)
        try:
            if observed.finished and len(observed.done) == self._order.num_shards and self._publish(progress) is None:
                if gangs_are_whole(self._order, self._state, self._outputs):
                    return self._summary(EXIT_OK, "finished before", began_s, nothing_to_do=True)
                failed = None
            else:
                failed = self._to_the_end(progress, sizes)
            if failed is None:
                failed = self._gangs(progress)
        finally:
            progress.close()
        if failed is not None:
            return self._summary(failed.exit_code, failed.why, began_s)
        return self._summary(EXIT_OK, "finished", began_s)

    def _gangs(self, progress: Progress) -> Fail | None:
        """The passes that follow the one over the shards; why one could not be finished."""
        max_attempts = self._options.policy.max_attempts
        failed = carry_gangs(
            *(self._order, self._state, self._outputs, self._open_gang, lambda: self._leased(progress)),
            max_attempts,
            progress.say,
        )
        if self._should_stop():
            return Fail(_DETACHED, EXIT_INTERRUPTED)
        return Fail(failed.why, failed.exit_code) if failed is not None else None

    def _open_gang(self, gang: GangPass) -> KubeGang:
        return KubeGang(
            gang,
            self._order.run,
            self._state,
            self._api,
            self._settings,
            self._limits.memory_mib,
            rank_argv(gang, self._order.run, self._state.uri, PYTHON),
            self._should_stop,
            wakes=self._wakes,
        )

    @contextlib.contextmanager
    def _leased(self, progress: Progress) -> Iterator[None]:
        """Holds the output's lease; waits for its turn, as `_publish` does."""
        while True:
            lease = Lease(self._outputs.uri, self._order.run)
            try:
                lease.__enter__()
                break
            except BadConfig as error:
                self._wait_for_output(error, progress)
        try:
            yield
        finally:
            lease.__exit__(None, None, None)

    def _wait_for_output(self, error: BadConfig, progress: Progress) -> None:
        """Raises the error unless it is that another orchestrator of the run is at it."""
        if error.reason != "OUTPUT_IN_USE" or self._should_stop():
            raise error
        self._say_once(progress, f"{error.message}: waiting")
        time.sleep(_SOON_S)

    def _to_the_end(self, progress: Progress, sizes: list[int]) -> Fail | None:
        problems = num_problems(self._order, self._state) if self._limits.max_failures is not None else 0
        with contextlib.closing(self._jobs.watch()) as job_watch:
            while True:
                failed = self._drive(progress, job_watch, sizes, problems)
                if failed is not None:
                    return failed
                progress.say("all shards are done; publishing")
                self._note = "publishing"
                if self._telling(progress, lambda: self._publish(progress)) is not False:
                    progress.say(f"{self._api.num_calls} requests to the API server")
                    return None

    def _drive(self, progress: Progress, job_watch: JobWatch, sizes: list[int], problems: int) -> Fail | None:
        """Until all shards are done (None), or the run ends without."""
        away_since_s: float | None = None
        while not self._should_stop():
            began_s = time.monotonic()
            try:
                seen, step = self._telling(progress, lambda: self._decide(problems))
                away_since_s = None
                self._tell(progress, seen, sizes)
                if self._act(step, seen, progress):
                    return step if isinstance(step, Fail) else None
            except Transient as error:
                away_since_s = away_since_s or began_s
                if time.monotonic() - away_since_s > _AWAY_LIMIT_S:
                    raise
                self._say_once(progress, f"{error.reason}: {error.message}; pods keep running")
                self._note = f"no answer for {duration(time.monotonic() - away_since_s)}"
            self._pause(progress, job_watch, time.monotonic() - began_s)
        return Fail(_DETACHED, EXIT_INTERRUPTED)

    def _telling(self, progress: Progress, call: Callable[[], _Result]) -> _Result:
        """What the call returns or raises; it may take long, and progress is told meanwhile."""
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(call)
            while not wait([future], _TICK_S).done:
                progress.tick(self._activity())
            return future.result()

    def _decide(self, problems: int) -> tuple[Seen, Step]:
        """A step that makes, publishes or fails is taken by what the store says now."""
        for whole in (False, True):
            seen = self._observer.observe(self._since, self._wanted, patience_s=0.0, whole=whole)
            seen = dataclasses.replace(seen, num_quarantined=seen.num_quarantined + problems)
            step = next_step(seen, self._limits)
            if self._observer.listed or isinstance(step, Wait | Scale | ForceDelete):
                break
        self._follow(seen)
        return seen, step

    def _follow(self, seen: Seen) -> None:
        """What is remembered of the newest Job: that it was joined, and how far somebody has scaled it."""
        newest = seen.jobs[-1] if seen.jobs else None
        before, self._newest = self._newest, newest
        self._since = since_of(self._since, newest, seen.pods)
        if newest is None or not newest.is_live:
            return
        if before is not None and before.name == newest.name and before.parallelism != newest.parallelism:
            self._parallelism = newest.parallelism

    def _act(self, step: Step, seen: Seen, progress: Progress) -> bool:
        """Takes the step; whether it was the last."""
        # Asked for once: later somebody may scale it otherwise.
        self._wanted = None
        match step:
            case Create():
                self._create(step, progress)
                self._since = self._since or step.generation
            case Scale(job, parallelism):
                self._jobs.scale(job, parallelism)
                progress.say(f"{job}: {parallelism} pods at a time")
            case ForceDelete(pods):
                for pod in pods:
                    self._jobs.force_delete(pod)
                    progress.say(f"pod {pod} was removed: its node does not answer")
            case Delete(job):
                self._jobs.delete(job)
                followed = job != seen.jobs[-1].name
                why = "another has what it left" if followed else "its last pods are on nodes that do not answer"
                progress.say(f"{job} was removed: {why}")
            case Wait(note):
                self._note = note
            case Fail():
                if seen.jobs and seen.jobs[-1].is_live and step.exit_code == EXIT_BAD_SHARD:
                    self._jobs.delete(seen.jobs[-1].name)
                    progress.say(f"{seen.jobs[-1].name} was deleted; shards that are done are kept")
                return True
            case _:
                return True
        return False

    def _create(self, step: Create, progress: Progress) -> None:
        job, parts = job_of(
            step, self._id, self._order, self._state, self._options, self._settings, parallelism=self._parallelism
        )
        if self._jobs.create(job):
            progress.say(
                f"Job {self._api.namespace}/{job['metadata']['name']}: {len(step.shards)} shards in "
                f"{parts.num_indexes} indexes, {parts.num_pods} pods at a time, {step.memory_mib} MiB each"
                + (f" ({step.why})" if step.why else "")
            )

    def _publish(self, progress: Progress) -> bool | None:
        """As publish_whole, which waits for its turn: another orchestrator of the run may be at it."""
        while True:
            try:
                return publish_whole(self._pipeline, self._commits, self._outputs)
            except BadConfig as error:
                self._wait_for_output(error, progress)

    def _tell(self, progress: Progress, seen: Seen, sizes: list[int]) -> None:
        progress.shards = (len(seen.done), self._order.num_shards)
        progress.kube_requests = self._api.num_calls
        progress.reached(sum(sizes[shard] for shard in seen.done), self._observer.num_quarantined)
        job = seen.jobs[-1] if seen.jobs else None
        if job and job.is_live and job.settings not in ("", self._asked):
            self._say_once(
                progress,
                f"{job.name} keeps the image, sizes and other settings that it was made with, which are not those "
                "given now: where they matter, `visemill cancel --cluster kube`, then this command again",
            )
        for trouble in self._observer.troubles():
            self._say_once(progress, str(trouble))
        for line in self._observer.endings():
            # Each pod once, by its name.
            if line not in self._told:
                self._told.add(line)
                progress.say(line)

    def _say_once(self, progress: Progress, text: str) -> None:
        # Counts and names within a message change while the trouble stays.
        shape = "".join(letter for letter in text if not letter.isdigit())[:120]
        if shape not in self._told:
            self._told.add(shape)
            progress.say(text)

    def _pause(self, progress: Progress, job_watch: JobWatch, cost_s: float) -> None:
        """Until the next look is due; progress is told meanwhile."""
        began_s, changed = time.monotonic(), False
        soon_s, late_s = max(_SOON_S, _LOOK_SHARE * cost_s), max(_LATE_S, _LOOK_SHARE * cost_s)
        while not self._should_stop():
            progress.tick(self._activity())
            changed = job_watch.wait(_TICK_S) or changed
            if time.monotonic() - began_s >= (soon_s if changed else late_s):
                return

    def _activity(self) -> str:
        job = self._observer.look.jobs[-1] if self._observer.look.jobs else None
        pods = f"{job.num_ready} of {job.num_active} pods at work" if job and job.is_live else ""
        return "; ".join(filter(None, [pods, self._note]))

    def _summary(self, code: int, why: str, began_s: float, *, nothing_to_do: bool = False) -> Summary:
        wall_s = time.monotonic() - began_s
        done = self._commits.read(self._commits.look().done)
        return summarize(self._commits, done, code, why, wall_s, nothing_to_do=nothing_to_do)


def check_roots(input_root: str, output_root: str, state_root: str) -> None:
    """Raises BadConfig LOCAL_ROOT: a pod sees no folder of this machine."""
    for name, root in (("input", input_root), ("output", output_root), ("state", state_root)):
        if not root.startswith("s3://"):
            raise BadConfig(
                "LOCAL_ROOT", f"--{name}-root {root} is a local folder, which pods cannot read: give s3://bucket/prefix"
            )
