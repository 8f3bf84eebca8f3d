"""A run on Kubernetes by command: `--cluster kube` of run, resume, retry, status, cancel; scale, suspend and logs."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from orchestrator.access.request import RunRequest
from orchestrator.cli.answer import Answer
from orchestrator.cli.options import add_kube_flags, add_output_flags
from orchestrator.cli.parsing.given_flags import argv_given_by
from orchestrator.kube.job_manifest import RunId
from orchestrator.kube.pod_manifest import MODELS_PATH
from orchestrator.kube.policies.image_libraries import check_image
from orchestrator.kube.policies.watch_end import is_idle, watch_end
from orchestrator.kube.settings import kube_settings
from orchestrator.kube.state import JobSeen
from orchestrator.pipelines.base import Pipeline
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.pipelines.training.begins import check_begins
from orchestrator.roots import find_run, state_root
from orchestrator.runs.commits.summary import Summary
from orchestrator.runs.options import RunOptions, remote_stages
from services.base.errors import BadConfig
from services.base.process.interruption import interruption
from services.base.process.quantities import counted
from services.base.run.passes import MAP_PASS
from services.base.run.spec import RunSpec
from services.base.store.interface import Store
from services.base.store.roots import absolute

if TYPE_CHECKING:
    from orchestrator.kube.api import KubeApi
    from orchestrator.kube.jobs_client import KubeRunJobs
    from orchestrator.kube.observer import Observer

_CLUSTERS = ("local", "kube")
_WATCH_EVERY_S = 4.0
_MOST_PODS = 20


def add_cluster_flags(parser: argparse.ArgumentParser, *names: str) -> None:
    """--cluster, and the settings of a cluster: all, or those of these names."""
    parser.add_argument(
        "--cluster",
        choices=_CLUSTERS,
        default=os.environ.get("VISEMILL_CLUSTER") or "local",
        help="where workers run: on this machine, or as Jobs on Kubernetes (default: %(default)s; $VISEMILL_CLUSTER)",
    )
    add_kube_flags(parser, *names)


def add_place_flags(parser: argparse.ArgumentParser) -> None:
    """--cluster, and where on it."""
    add_cluster_flags(parser, "namespace", "context")


def add_attach_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--attach",
        action="store_true",
        help="with --cluster kube: keep the parallelism and the suspension of a Job that exists",
    )


def add_verb_flags(parser: argparse.ArgumentParser) -> None:
    """Which run, on which cluster."""
    add_output_flags(parser)
    parser.add_argument(
        "--cluster", choices=_CLUSTERS[1:], default="kube", help="where the Job of the run is (default: %(default)s)"
    )
    add_kube_flags(parser, "namespace", "context")


def add_scale_flags(parser: argparse.ArgumentParser) -> None:
    add_verb_flags(parser)
    parser.add_argument("--parallelism", type=int, required=True, help="pods that run at a time")


def add_logs_flags(parser: argparse.ArgumentParser) -> None:
    add_verb_flags(parser)
    parser.add_argument(
        "--pod", default="", help="of this pod only (default: running and failed pods of the newest Job)"
    )
    parser.add_argument(
        "--index", type=int, default=-1, help="of the pods of this Job index only; -1: of all (default: %(default)s)"
    )
    parser.add_argument(
        "--tail", type=int, default=50, metavar="LINES", help="last lines of each pod (default: %(default)s)"
    )
    parser.add_argument("--follow", action="store_true", help="stream the log of one pod")


def is_kube(flags: argparse.Namespace) -> bool:
    """Whether the command line means a cluster. Raises BadConfig for what the environment may not say."""
    if flags.cluster not in _CLUSTERS:
        raise BadConfig("BAD_SETTING", f"VISEMILL_CLUSTER={flags.cluster!r} must be one of {', '.join(_CLUSTERS)}")
    return bool(flags.cluster == "kube")


def parallelism_of(flags: argparse.Namespace) -> int:
    """Pods that run at a time. Raises BadConfig."""
    return kube_settings(vars(flags), os.environ).parallelism


def check(request: RunRequest, flags: argparse.Namespace) -> None:
    """Before a data set is read. Raises BadConfig for settings and roots that cannot work, and NO_CLUSTER."""
    pipeline = pipeline_of(request.pipeline)
    settings = kube_settings(vars(flags), os.environ, pipeline.image).with_image_of(pipeline.image)
    stages = pipeline.stages(request.options)
    check_image(settings.worker_image, pipeline, stages, settings.pods_gpus, remote_stages(flags.remote))
    _api(flags)
    from orchestrator.kube.controller import check_roots

    roots = request.roots
    check_roots(roots.input_roots, roots.output_root, state_root(roots.output_root, roots.state_root))
    for gang in pipeline.gangs(request.options):
        check_begins(gang.config, MODELS_PATH if settings.models_claim else "")


def resume_command(flags: argparse.Namespace, *adding: Callable[[argparse.ArgumentParser], None]) -> str:
    """What continues the run of these flags, on the same cluster."""
    argv = argv_given_by(argparse.Namespace(**{**vars(flags), "cluster": "kube"}), *adding)
    return shlex.join(["visemill", "resume", *argv, "--output-root", absolute(flags.output_root)])


def logs_command(flags: argparse.Namespace) -> str:
    """What shows the logs of the run of these flags. --cluster is left out: logs are of a cluster's pods."""
    argv = argv_given_by(flags, lambda parser: add_kube_flags(parser, "namespace", "context"))
    return shlex.join(["visemill", "logs", *argv, "--output-root", absolute(flags.output_root)])


def execute(
    pipeline: Pipeline,
    spec: RunSpec,
    state: Store,
    outputs: Store,
    options: RunOptions,
    flags: argparse.Namespace,
    is_interrupted: Callable[[], bool] | None = None,
) -> Summary:
    """Carries a pinned run on the cluster of the flags; interrupted, it leaves the Job to go on, and interrupted twice
    it ends at once. is_interrupted: of a run in a thread beside others.
    """
    settings = kube_settings(vars(flags), os.environ, pipeline.image).with_image_of(pipeline.image)
    KubeRun = _kube_run()
    comes_back = flags.command == "resume"
    attach = comes_back and flags.attach
    parallelism = None if attach else flags.parallelism
    with nullcontext(is_interrupted) if is_interrupted is not None else interruption(second_ends=True) as asked:
        run = KubeRun(pipeline, spec, state, outputs, options, settings, asked, parallelism)
        if comes_back and not attach:
            run.wake()
        summary: Summary = run.run()
    return summary


def scale(flags: argparse.Namespace) -> Answer:
    """Changes how many pods of the run's Job run at a time."""
    if flags.parallelism < 1:
        raise BadConfig("BAD_FLAGS", f"--parallelism must be 1 or more, not {flags.parallelism}: or suspend it")
    jobs, job = _live(flags)
    if job.gang:
        raise BadConfig("GANG_NOT_SCALED", f"{job.name} is a gang of {job.num_indexes} pods, which all live or none do")
    parallelism = min(flags.parallelism, job.num_indexes)
    jobs.scale(job.name, parallelism)
    text = f"{job.name}: {counted(parallelism, 'pod')} at a time"
    if parallelism < flags.parallelism:
        text += f", one for each of its {job.num_indexes} indexes"
    return Answer(text, {"job": job.name, "parallelism": parallelism, "before": job.parallelism})


def suspend(flags: argparse.Namespace) -> Answer:
    """Ends the pods of the run's Job until it is resumed."""
    jobs, job = _live(flags)
    if job.queue:
        raise BadConfig("MANAGED_BY_KUEUE", f"{job.name} is held and released by queue {job.queue}: hold it there")
    jobs.suspend(job.name, suspended=True)
    kept = "the last checkpoint is" if job.gang else "shards that are done are"
    text = f"{job.name} is suspended; {kept} kept"
    on = resume_command(flags, add_place_flags)
    return Answer(f"{text}\n  continue: {on}", {"job": job.name, "suspended": True})


def cancel(flags: argparse.Namespace) -> Answer:
    """Deletes the run's Jobs and their pods."""
    spec, _, jobs = _find(flags)
    names = [job.name for job in jobs.look().jobs if job.phase != "deleted"]
    for name in names:
        jobs.delete(name)
    text = f"run {spec.run}: {len(names)} Jobs deleted; shards that are done are kept, resume makes the rest"
    return Answer(text if names else f"run {spec.run} has no Job", {"run": spec.run, "deleted": names})


def logs(flags: argparse.Namespace) -> Answer:
    """What the run's pods have written."""
    if flags.follow and flags.output == "json":
        raise BadConfig("BAD_FLAGS", "--follow gives lines as they come, -o json one answer: leave out one")
    _, _, jobs = _find(flags)
    pods = [flags.pod] if flags.pod else _speaking(jobs, flags.index)
    if flags.follow:
        if len(pods) > 1:
            raise BadConfig("BAD_FLAGS", f"--follow follows one pod: give --pod, such as {pods[0]}, or --index")
        for line in jobs.logs(pods[0], tail=flags.tail, follow=True):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        return Answer("", {"pods": pods})
    logs = {pod: list(jobs.logs(pod, tail=flags.tail)) for pod in pods}
    text = "\n".join(line for pod, lines in logs.items() for line in [f"== {pod}", *lines])
    return Answer(text, {"pods": [{"pod": pod, "lines": lines} for pod, lines in logs.items()]})


def cluster_facts(flags: argparse.Namespace) -> dict[str, Any]:
    """The run's Jobs as the cluster has them, and what troubles its pods."""
    observer, _ = _observer(flags)
    observer.observe(0, None, patience_s=60.0)
    return _facts(observer)


def _observer(flags: argparse.Namespace) -> tuple[Observer, RunSpec]:
    from orchestrator.kube.observer import Observer

    spec, state, jobs = _find(flags)
    return Observer(spec, state, jobs, count_quarantined=False), spec


def _facts(observer: Observer) -> dict[str, Any]:
    """Of the last look."""
    facts = [_job_facts(job) for job in observer.look.jobs]
    return {"jobs": facts, "troubles": [asdict(trouble) | {"text": str(trouble)} for trouble in observer.troubles()]}


def cluster_lines(facts: dict[str, Any]) -> list[str]:
    """The facts in words."""
    lines = [
        f"  {job['job']}: {job['phase']}, {job['completed']} of {job['indexes']} indexes done, {job['failed']} failed, "
        f"{job['ready']} of {job['active']} pods at work, {job['parallelism']} at a time, {job['memory_mib']} MiB each"
        + (f" ({job['why']})" if job["why"] else "")
        for job in facts["jobs"]
    ]
    return [*(lines or ["  no Job on the cluster"]), *(f"  {trouble['text']}" for trouble in facts["troubles"])]


def watch_status(flags: argparse.Namespace) -> str:
    """Tells on standard error how far the run is until it has ended; why it has.

    Between two Jobs of a run it waits for the next one.
    """
    observer, spec = _observer(flags)
    idle_since_s: float | None = None
    while True:
        seen = observer.observe(0, None, patience_s=60.0, whole=True)
        finished = observer.finished
        parts = [f"{len(seen.done)}/{spec.num_shards} shards", *map(str.strip, cluster_lines(_facts(observer))[-2:])]
        now_s = time.monotonic()
        idle_since_s = (idle_since_s or now_s) if is_idle(seen) else None
        idle_s = now_s - idle_since_s if idle_since_s is not None else 0.0
        ended = watch_end(seen, spec.num_shards, finished=finished, idle_s=idle_s)
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {'; '.join([*parts, *filter(None, [ended])])}\n")
        sys.stderr.flush()
        if ended:
            return ended
        time.sleep(_WATCH_EVERY_S)


def _job_facts(job: JobSeen) -> dict[str, Any]:
    return {
        "job": job.name,
        "generation": job.generation,
        "pass": job.gang or MAP_PASS,
        "phase": job.phase,
        "indexes": job.num_indexes,
        "completed": len(job.completed),
        "failed": len(job.failed),
        "active": job.num_active,
        "ready": job.num_ready,
        "parallelism": job.parallelism,
        "memory_mib": job.memory_mib,
        "age_s": round(job.age_s),
        "why": f"{job.reason}: {job.message}" if job.reason and job.phase in ("failed", "ending") else "",
    }


def _find(flags: argparse.Namespace) -> tuple[RunSpec, Store, KubeRunJobs]:
    spec, state, _ = find_run(flags.output_root, flags.state_root, flags.run)
    api = _api(flags)
    from orchestrator.kube.jobs_client import KubeRunJobs

    return spec, state, KubeRunJobs(api, RunId(spec.run, state.uri))


def _api(flags: argparse.Namespace) -> KubeApi:
    """Raises BadConfig NOT_INSTALLED, BAD_SETTING, NO_CLUSTER."""
    settings = kube_settings(vars(flags), os.environ)
    _kube_run()
    from orchestrator.kube.api import KubeApi

    return KubeApi(settings.context, settings.namespace)


def _live(flags: argparse.Namespace) -> tuple[KubeRunJobs, JobSeen]:
    spec, _, jobs = _find(flags)
    live = [job for job in jobs.look().jobs if job.is_live]
    if not live:
        raise BadConfig("NO_JOB", f"run {spec.run} has no running Job here: check --namespace, or resume the run")
    return jobs, live[-1]


def _speaking(jobs: KubeRunJobs, index: int) -> list[str]:
    """Pods worth reading: of one index all, else those that run or have failed, of the newest Job that has any."""
    pods = sorted(jobs.pods(), key=lambda pod: (-pod.generation, pod.phase != "Failed", pod.index, -pod.since_s))
    chosen = [pod for pod in pods if pod.phase != "Pending" and index in (-1, pod.index)]
    # The gang passes come after the one over the shards, and count their generations anew.
    newest = max(((pod.since_s, pod.gang) for pod in chosen), default=(0.0, ""))[1]
    chosen = [pod for pod in chosen if pod.gang == newest]
    if index < 0:
        # Where all have succeeded they are what there is to read.
        chosen = [pod for pod in chosen if pod.phase in ("Running", "Failed")] or chosen
    if not chosen:
        which = f"of index {index} " if index >= 0 else ""
        raise BadConfig("NO_POD", f"no pod {which}of the run has started: see `visemill status --cluster kube`")
    return [pod.name for pod in chosen if pod.generation == chosen[0].generation][:_MOST_PODS]


def _kube_run() -> Any:
    try:
        from orchestrator.kube.controller import KubeRun
    except ImportError as error:
        raise BadConfig(
            "NOT_INSTALLED", f"--cluster kube needs the Kubernetes client ({error}): pip install 'visemill[kube]'"
        ) from error
    return KubeRun
