"""I/O: a run on Kubernetes from its pinned plan to its summary: its passes in order, published under the lease.

Nothing is kept here that counts: whoever is killed is replaced by whoever comes, and two at once do no harm. Publishing
takes the output's lease.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator

from orchestrator.console.progress import Progress
from orchestrator.console.say_once import SayOnce
from orchestrator.kube.api import KubeApi
from orchestrator.kube.gang import PYTHON, KubeGang
from orchestrator.kube.job_manifest import RunId
from orchestrator.kube.jobs_client import KubeRunJobs
from orchestrator.kube.map import DETACHED, KubeMap
from orchestrator.kube.pod_manifest import METRICS_PORT
from orchestrator.kube.policies.image_libraries import check_image
from orchestrator.kube.policies.seen import Limits
from orchestrator.kube.settings import KubeSettings
from orchestrator.pipelines.base import Pipeline
from orchestrator.runs.actions import Fail
from orchestrator.runs.claim.lease import Lease
from orchestrator.runs.commits.commits import Commits
from orchestrator.runs.commits.observe import observe, read_clips
from orchestrator.runs.commits.summary import Summary, num_problems, summarize
from orchestrator.runs.gang.passes import execute_gangs
from orchestrator.runs.gang.results import gangs_are_whole
from orchestrator.runs.map.drive import drive
from orchestrator.runs.options import RunOptions, remote_stages
from orchestrator.runs.publish import publish_whole
from orchestrator.runs.worker_argv import rank_argv
from services.base.errors import EXIT_INTERRUPTED, EXIT_OK, BadConfig
from services.base.run.passes import GangPass
from services.base.run.spec import RunSpec
from services.base.store.interface import Store

_SOON_S = 1.0


class KubeRun:
    """Carries one pinned run on a cluster. Use once, from one thread.

    KubeRun(pipeline, spec, state, outputs, options, settings, should_stop).run() -> Summary. `pin` comes first.
    options.quiet and options.progress_as_json say how progress is printed on standard error. should_stop is called
    repeatedly: once it says yes `run` returns with exit code 130, and the Job keeps running. parallelism: what
    a Job that is found is scaled to; None leaves it.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        spec: RunSpec,
        state: Store,
        outputs: Store,
        options: RunOptions,
        settings: KubeSettings,
        should_stop: Callable[[], bool],
        parallelism: int | None = None,
    ) -> None:
        """Raises BadConfig NO_CLUSTER, LOCAL_ROOT, IMAGE_LACKS."""
        check_roots(spec.media_roots, spec.output_root, state.uri)
        stages = [(stage.name, stage.config) for stage in spec.stages]
        check_image(settings.worker_image, pipeline, stages, settings.pods_gpus, remote_stages(options.remote))
        self._pipeline = pipeline
        self._spec = spec
        self._state = state
        self._outputs = outputs
        self._commits = Commits(spec, state)
        self._options = dataclasses.replace(options, threads_per_worker=max(1, int(settings.pods_cpu)))
        self._settings = settings
        self._should_stop = should_stop
        self._wanted = parallelism
        self._api = KubeApi(settings.context, settings.namespace)
        memory_mib, cap_mib = (f(options.clip_memory_mib) for f in (settings.first_memory_mib, settings.max_memory_mib))
        self._limits = Limits(spec.num_shards, memory_mib, cap_mib)
        self._wakes = False

    def wake(self) -> None:
        """Lets a Job go on that was suspended; of a gang the next generation does. Raises BadConfig, Transient."""
        self._wakes = True
        jobs = KubeRunJobs(self._api, RunId(self._spec.run, self._state.uri), without_gangs=True)
        for job in jobs.look().jobs:
            if job.phase == "suspended" and not job.queue:
                jobs.suspend(job.name, suspended=False)

    def run(self) -> Summary:
        """To its end, or as far as it goes. Raises BadConfig, Transient."""
        began_s = time.monotonic()
        observed = observe(self._state, self._spec.run)
        manifest = read_clips(self._state, self._spec)
        sizes = [manifest.num_clips_of(shard) for shard in range(self._spec.num_shards)]
        quiet, as_json = self._options.quiet, self._options.progress_as_json
        num_done, label = sum(sizes[s] for s in observed.done), self._options.label
        progress = Progress(manifest.num_clips, num_done, quiet=quiet, as_json=as_json, of=label)
        progress.shards = (len(observed.done), self._spec.num_shards)
        self._say_once = SayOnce(progress.say)
        try:
            if observed.finished and len(observed.done) == self._spec.num_shards and self._publish() is None:
                if gangs_are_whole(self._spec, self._state, self._outputs):
                    return self._summary(EXIT_OK, "finished before", began_s, nothing_to_do=True)
                failed = None
            else:
                failed = self._map_pass(progress, sizes)
            if failed is None:
                failed = self._gangs(progress)
        finally:
            progress.close()
        if failed is not None:
            return self._summary(failed.exit_code, failed.why, began_s)
        return self._summary(EXIT_OK, "finished", began_s)

    def _gangs(self, progress: Progress) -> Fail | None:
        """The passes that follow the one over the shards; why one could not be finished."""
        failed = execute_gangs(
            *(self._spec, self._state, self._outputs, self._open_gang, self._leased),
            self._options.policy.max_generations,
            progress.say,
            "pod",
        )
        if self._should_stop():
            return Fail(DETACHED, EXIT_INTERRUPTED)
        return failed

    def _open_gang(self, gang: GangPass) -> KubeGang:
        return KubeGang(
            gang,
            self._spec.run,
            self._state,
            self._api,
            self._settings,
            self._limits.memory_mib,
            self._limits.max_memory_mib,
            [*rank_argv(gang, self._spec.run, self._state.uri, PYTHON), "--metrics-listen", f":{METRICS_PORT}"],
            self._should_stop,
            wakes=self._wakes,
        )

    @contextlib.contextmanager
    def _leased(self) -> Iterator[None]:
        """Holds the output's lease; waits for its turn, as `_publish` does."""
        while True:
            lease = Lease(self._outputs.uri, self._spec.run)
            try:
                lease.__enter__()
                break
            except BadConfig as error:
                self._wait_for_output(error)
        try:
            yield
        finally:
            lease.__exit__(None, None, None)

    def _wait_for_output(self, error: BadConfig) -> None:
        """Raises the error unless it is that another orchestrator of the run is at it."""
        if error.reason != "OUTPUT_IN_USE" or self._should_stop():
            raise error
        self._say_once(f"{error.message}: waiting")
        time.sleep(_SOON_S)

    def _map_pass(self, progress: Progress, sizes: list[int]) -> Fail | None:
        """Until all shards are done and published (None), or the run ends without."""
        spec, max_failures = self._spec, self._options.policy.max_failures
        backend = KubeMap(
            *(spec, self._state, self._api, self._options, self._settings, self._limits, progress, self._say_once),
            self._should_stop,
            sizes,
            parallelism=self._wanted,
            num_problems=num_problems(spec, self._state) if max_failures is not None else 0,
        )
        with contextlib.closing(backend):
            while True:
                failed = drive(backend, self._options.policy)
                if failed is not None:
                    return failed
                # A training has none.
                if self._spec.num_shards:
                    progress.say("all shards are done; publishing")
                backend.note = "publishing"
                if backend.ticking(self._publish) is not False:
                    progress.say(f"{self._api.num_calls} requests to the API server")
                    return None

    def _publish(self) -> bool | None:
        """As publish_whole, which waits for its turn: another orchestrator of the run may be at it."""
        while True:
            try:
                return publish_whole(self._pipeline, self._commits, self._outputs)
            except BadConfig as error:
                self._wait_for_output(error)

    def _summary(self, code: int, why: str, began_s: float, *, nothing_to_do: bool = False) -> Summary:
        wall_s = time.monotonic() - began_s
        done = self._commits.read(self._commits.look().done)
        return summarize(self._commits, done, code, why, wall_s, nothing_to_do=nothing_to_do)


def check_roots(input_roots: Iterable[str], output_root: str, state_root: str) -> None:
    """Raises BadConfig LOCAL_ROOT: a pod sees no folder of this machine."""
    for name, root in (*(("input", root) for root in input_roots), ("output", output_root), ("state", state_root)):
        if not root.startswith("s3://"):
            raise BadConfig(
                "LOCAL_ROOT", f"--{name}-root {root} is a local folder, which pods cannot read: give s3://bucket/prefix"
            )
