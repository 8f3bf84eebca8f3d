"""Writes docs/metrics.md: every metric, as the registries of the program describe it."""

import sys
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.metrics import MetricWrapperBase

from orchestrator.service.metrics import RunMetrics
from services.__main__ import STAGES, spec_of
from services.base.process import metrics

ROOT = Path(__file__).resolve().parents[1]
TOP = """# Metrics

Made by `make docs` from the registries of the program. `--metrics-listen :9090` opens them at `/metrics` of a service,
of `visemill serve`, and of a worker (`python -m services STAGES work`). What a process does not do stays at zero.
Triton has metrics of its own (port 8002). No label names a clip, a shard or a run: those are in the logs, and in
`visemill status`.
"""
PARTS = (
    ("Calls of a server", lambda: metrics.CallMetrics().registry, ("visemill_call", "visemill_serving")),
    ("Workers and services", lambda: metrics.PROCESS, ("visemill_",)),
    ("The RunService", lambda: registered(RunMetrics(list)), ("visemill_",)),
)


def registered(collector: RunMetrics) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


def labels() -> dict[str, str]:
    """Name of a metric -> its labels, which a metric without samples does not show."""
    registries = [metrics.PROCESS, metrics.CallMetrics().registry, RunMetrics(list)._own]
    wrapped = [c for r in registries for c in r._collector_to_names if isinstance(c, MetricWrapperBase)]
    of_runs = {"visemill_runs": "phase", "visemill_run_shards": "state"}
    return {c._name: ", ".join(c._labelnames) for c in wrapped} | of_runs


def rows(found: Iterable[Metric], prefixes: tuple[str, ...], seen: set[str]) -> list[str]:
    """A line of the table for each metric that no table before has."""
    by_name = {m.name: m for m in found if m.name.startswith(prefixes) and m.name not in seen}
    seen.update(by_name)
    known = labels()
    return [
        f"| `{name}{'_total' if m.type == 'counter' else ''}` | {m.type} | {known[name]} | {m.documentation} |"
        for name, m in sorted(by_name.items())
    ]


def stage_rows() -> list[str]:
    """A line for each metric that a stage owns (StageSpec.metrics)."""
    return [
        f"| `{m.name}{'' if m.buckets else '_total'}` | {'histogram' if m.buckets else 'counter'} | {name} | {m.text} |"
        for name in STAGES
        for m in sorted(spec_of(name).metrics, key=lambda m: m.name)
    ]


def main(target: Path) -> int:
    text, seen = TOP, set[str]()
    for title, registry, prefixes in PARTS:
        lines = rows(registry().collect(), prefixes, seen)
        text += f"\n## {title}\n\n| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n" + "\n".join(lines) + "\n"
    text += "\n## Stages\n\nOf a worker or a service that holds the stage.\n\n"
    text += "| Metric | Type | Stage | Meaning |\n|---|---|---|---|\n" + "\n".join(stage_rows()) + "\n"
    text += "\nBeside them the process's own: `process_resident_memory_bytes`, `process_cpu_seconds_total` and more.\n"
    target.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "metrics.md"))
