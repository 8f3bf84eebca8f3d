"""What the end of a run is summed up to."""

import argparse
import dataclasses

import pytest

from orchestrator.cli.runs.execute import PinnedRun, check_space, facts_of
from orchestrator.runs.commits.summary import Summary
from orchestrator.runs.options import RunOptions
from services.base.run.spec import PinnedStage, RunSpec, ShardCommit
from services.base.store.open import open_store

ORDER = RunSpec("r", "grid", "d" * 64, (PinnedStage("decode", {}, {}),), "/in", "/out", 2, 5, "c" * 64, {}, {})
DONE = [
    ShardCommit(0, "d", {"train-0": {"size_bytes": 100}}, {}, {"train": 2}, {"wall": 1.0}, {"clips": 2}, 1),
    ShardCommit(1, "d", {"train-1": {"size_bytes": 50}}, {}, {"train": 1, "val": 1}, {"wall": 2.0}, {"clips": 2}),
]
FINISHED = Summary(ORDER, 3, "finished", DONE, 2, 1.26, finished=True)


def test_records_reasons_and_sizes_are_summed():
    lines = [{"reason": "OPEN_FAILED", "shard": 0}, {"reason": "BAD_ALIGN", "shard": -1}]
    facts = facts_of(FINISHED, lines, ("a note",))
    assert facts["records"] == {"train": 3, "val": 1, "test": 0}
    assert (facts["reasons"], facts["quarantined"]) == ({"BAD_ALIGN": 1, "OPEN_FAILED": 1}, 2)
    assert [one["reason"] for one in facts["first_quarantined"]] == ["OPEN_FAILED", "BAD_ALIGN"]
    assert (facts["bytes"], facts["wall_s"], facts["shards"]) == (150, 1.3, {"done": 2, "total": 2})
    assert (facts["finished"], facts["exit_code"], facts["notes"]) == (True, 3, ["a note"])


def test_a_run_that_stopped_says_why():
    stopped = dataclasses.replace(FINISHED, done=DONE[:1], finished=False, why="interrupted", exit_code=130)
    facts = facts_of(stopped, (), ())
    assert (facts["finished"], facts["why"], facts["shards"]) == (False, "interrupted", {"done": 1, "total": 2})


def test_nothing_is_known_of_the_space_of_an_object_store(monkeypatch: pytest.MonkeyPatch):
    for name, value in {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}.items():
        monkeypatch.setenv(name, value)
    outputs = open_store("s3://bucket/out")
    run = PinnedRun(ORDER, outputs, outputs, RunOptions())
    assert check_space([run], argparse.Namespace(ignore_free_space=False, quiet=True)) == ()
