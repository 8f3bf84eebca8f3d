"""The Job that starts shards: which workers it has, on which of them. Long lists of shards go into the store."""

from __future__ import annotations

import hashlib
from typing import Any

from orchestrator.kube.job_manifest import MapJob, RunId, map_job
from orchestrator.kube.pod_manifest import METRICS_PORT, TERMINATION_LOG
from orchestrator.kube.policies.spread import Spread, max_failed_indexes, spread
from orchestrator.kube.settings import KubeSettings
from orchestrator.runs.map.decision import Start
from orchestrator.runs.options import RunOptions, work_flags
from orchestrator.runs.worker_argv import work_argv
from services.base.run import paths
from services.base.run.sharding import shards_text
from services.base.run.spec import RunSpec
from services.base.store.interface import Store

_MOST_LETTERS = 4096


def job_of(
    start: Start,
    run_id: RunId,
    spec: RunSpec,
    state: Store,
    options: RunOptions,
    settings: KubeSettings,
    *,
    parallelism: int,
) -> tuple[dict[str, Any], Spread]:
    """(the Job, how its shards are spread over indexes and pods). Raises Transient."""
    parts = spread(len(start.shards), parallelism, settings.max_indexes, alone=start.attempt.alone)
    argv = work_argv([stage.name for stage in spec.stages], work_flags(spec, state, options))
    # The image's entry point is `python -m services`.
    args = [*argv[3:], "--termination-log", TERMINATION_LOG, "--attempt", str(start.attempt.number)]
    args += ["--metrics-listen", f":{METRICS_PORT}"]
    job = MapJob(
        run_id,
        start.attempt.number,
        args,
        _listed(start.shards, spec.run, state),
        parts.num_indexes,
        parts.num_pods,
        settings.pods(start.attempt.memory_mib),
        options.policy.max_attempts - 1,
        max_failed_indexes(parts.num_indexes),
        settings.job_deadline_s,
        settings.job_keep_s,
        settings.queue,
        settings.digest(options.clip_memory_mib),
    )
    return map_job(job), parts


def _listed(shards: tuple[int, ...], run: str, state: Store) -> str:
    """The shards as an argument; a long list goes into the store, under a name that follows from it."""
    text = shards_text(shards)
    if len(text) <= _MOST_LETTERS:
        return text
    name = f"shards-{hashlib.sha256(text.encode()).hexdigest()[:16]}.txt"
    state.put(paths.list_file(run, name), text.encode())
    return f"@{name}"
