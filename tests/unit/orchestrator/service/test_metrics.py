"""What a server of runs shows of them."""

import dataclasses

from prometheus_client import CollectorRegistry

from orchestrator.access.request import RunRequest, RunRoots
from orchestrator.pipelines.grid.options import GridOptions
from orchestrator.service.metrics import RunMetrics
from orchestrator.service.record import Phase, Pinned, RunRecord

RECORD = RunRecord(RunRequest("grid", GridOptions(), RunRoots("/in", "/out")), Pinned("r", "d", "/s", 4, 20), 100.0, 5)


def test_runs_are_shown_as_they_are_when_somebody_looks():
    records = []
    registry = CollectorRegistry()
    registry.register(RunMetrics(lambda: records))
    assert registry.get_sample_value("visemill_runs", {"phase": "running"}) == 0
    records += [
        dataclasses.replace(RECORD, phase=Phase.RUNNING, shards_done=3),
        dataclasses.replace(RECORD, phase=Phase.QUEUED),
        dataclasses.replace(RECORD, phase=Phase.FINISHED, shards_done=4),
    ]
    assert registry.get_sample_value("visemill_runs", {"phase": "running"}) == 1
    assert registry.get_sample_value("visemill_runs", {"phase": "finished"}) == 1
    assert registry.get_sample_value("visemill_run_shards", {"state": "done"}) == 3
    assert registry.get_sample_value("visemill_run_shards", {"state": "left"}) == 5
