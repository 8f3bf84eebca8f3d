"""Metrics of a server of runs: how many there are in each phase, and what carrying them takes."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from orchestrator.service.record import Phase, RunRecord

_PLAN_BUCKETS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)


class RunMetrics(Collector):
    """What a RunHost counts; registered with a server's registry, it shows the runs as they are then."""

    def __init__(self, records: Callable[[], list[RunRecord]]) -> None:
        self._records = records
        self._own = CollectorRegistry()
        self.planned = Histogram(
            "visemill_run_plan_seconds",
            "Time from a Submit to a pinned run.",
            buckets=_PLAN_BUCKETS,
            registry=self._own,
        )
        self.refused = Counter("visemill_runs_refused", "Submits that were refused.", ["reason"], registry=self._own)
        self.executed = Counter(
            "visemill_run_processes", "Processes that executed a run and have ended.", ["exit_code"], registry=self._own
        )
        self.kube_requests = Counter(
            "visemill_kube_requests", "Requests to the Kubernetes API server.", registry=self._own
        )

    def collect(self) -> Iterable[Metric]:
        records = self._records()
        phases = Counts(record.phase for record in records)
        runs = GaugeMetricFamily("visemill_runs", "Submitted runs, by phase.", labels=["phase"])
        for phase in Phase:
            runs.add_metric([phase.value], phases[phase])
        yield runs
        going_on = [record for record in records if not record.phase.ended]
        shards = GaugeMetricFamily("visemill_run_shards", "Shards of runs that have not ended.", labels=["state"])
        done = sum(record.shards_done for record in going_on)
        shards.add_metric(["done"], done)
        shards.add_metric(["left"], sum(record.pinned.num_shards for record in going_on) - done)
        yield shards
        yield from self._own.collect()
