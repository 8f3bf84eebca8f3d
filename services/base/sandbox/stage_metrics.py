"""What the stages of a child measure, kept by its supervisor: they are the numbers of its process."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter, Histogram

from services.base.process import metrics
from services.base.stage.clip_pass import DonePart, FactsPart, Part
from services.base.stage.metric import StageMetric
from services.base.stage.spec import StageSpec
from services.base.stage.stream import kind_of_stream


class StageMetrics:
    """The metrics that these stages own, at zero from the start."""

    def __init__(self, specs: Iterable[StageSpec]) -> None:
        self._kept: dict[str, Counter | Histogram] = {}
        self._of_facts: dict[str, list[StageMetric]] = {}
        for spec in specs:
            for metric in spec.metrics:
                self._kept[metric.name] = metrics.owned(metric.name, metric.text, metric.buckets)
                if metric.fact and spec.source_of is not None:
                    self._of_facts.setdefault(spec.source_of, []).append(metric)

    def count(self, part: Part, measured: Iterable[tuple[str, float]] = ()) -> None:
        """Counts what a part tells. measured: (name, value) of what the stages told of themselves."""
        if isinstance(part, FactsPart):
            for metric in self._of_facts.get(kind_of_stream(part.facts), ()):
                self._add(metric.name, getattr(part.facts, metric.fact))
        elif isinstance(part, DonePart):
            for stage, seconds in part.seconds.items():
                metrics.STAGE_SECONDS.labels(stage).observe(seconds)
            for name, value in measured:
                self._add(name, value)

    def _add(self, name: str, value: float) -> None:
        """Nothing where the caller named no specs: whoever made the child without them shows no numbers."""
        kept = self._kept.get(name)
        if kept is None:
            return
        if isinstance(kept, Histogram):
            kept.observe(value)
        else:
            kept.inc(value)
