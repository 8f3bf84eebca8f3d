"""Publishing holds little of each shard: what 10^5 of them take is measured by `benchmarks/publish.py`."""

import gc
import importlib.util
import os
import threading
import tracemalloc
from pathlib import Path

import pytest

from orchestrator.pipelines.grid.pipeline import PIPELINE
from orchestrator.runs import publish as publishing
from orchestrator.runs.commits import observe, packed
from orchestrator.runs.commits import outputs as outputs_of_commits
from orchestrator.runs.commits.commits import Commits
from orchestrator.runs.publish import QUALITY_FILE, publish_whole
from services.base.run import paths
from services.base.run.spec import run_spec_from_json
from services.base.store.local.folder import LocalFolder
from services.base.store.open import open_store

ROOT = Path(__file__).resolve().parents[4]
# Of a shard with five clips and three files; as objects these took 9 KiB. Two thirds of it are a row group of the open
# list of clips, of which there are 4,096 at most.
MOST_BYTES_A_SHARD = 4000


def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_publish", ROOT / "benchmarks" / "publish.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def no_syncs(monkeypatch):
    """Nothing here survives a power cut, nor need it."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def published(root: Path, num_shards: int) -> tuple[int, object]:
    """(peak of Python's memory while it was published, the outputs)."""
    made = benchmark()
    made.make_run(root, num_shards, 5)
    state, outputs = open_store(root / paths.STATE_DIR), open_store(root)
    spec = run_spec_from_json(state.read(paths.run_file(made.RUN)))
    gc.collect()
    # Else cycles wait for a collection the longer, the more other tests have left in this process.
    gc.freeze()
    tracemalloc.start()
    try:
        assert publish_whole(PIPELINE, Commits(spec, state), outputs)
        return tracemalloc.get_traced_memory()[1], outputs
    finally:
        tracemalloc.stop()
        gc.unfreeze()


@pytest.mark.usefixtures("room_for_names")
def test_a_shard_more_takes_little_more_memory(tmp_path, monkeypatch):
    """Publishes 40 and 160 shards in small steps, while every allocation is traced."""
    monkeypatch.setattr(packed, "_LINES_A_BLOCK", 50)
    # One at a time: what several threads hold at one moment is another at each turn.
    monkeypatch.setattr(observe, "_NUM_AHEAD", 1)
    monkeypatch.setattr(outputs_of_commits, "_NUM_AT_ONCE", 1)
    monkeypatch.setattr(publishing, "_NUM_AT_ONCE", 1)
    few, _ = published(tmp_path / "few", 40)
    many, outputs = published(tmp_path / "many", 160)
    assert (many - few) / 120 < MOST_BYTES_A_SHARD
    lines = outputs.read(QUALITY_FILE).decode().splitlines()
    assert len(lines) == 5 * 160 and lines[0].startswith('{"flags":[],"key":"s0/clip000000x0"')


def test_files_move_several_at_a_time(tmp_path, monkeypatch):
    """Every move waits for another to be under way as well: one after the other they would wait for ever."""
    together, move = threading.Barrier(2), LocalFolder.move

    def meets_another(self, source, target):
        if target.endswith(".tfrecord"):
            together.wait(timeout=30)
        move(self, source, target)

    monkeypatch.setattr(LocalFolder, "move", meets_another)
    _, outputs = published(tmp_path, 4)
    assert sum(entry.name.endswith(".tfrecord") for entry in outputs.list("t")) == 8
