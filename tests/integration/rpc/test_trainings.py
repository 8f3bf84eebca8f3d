"""The TrainingService in a process of its own, for a client with the protos alone."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from grid_records import MadeClip, speakers_clips, write_shards
from served_runs import ROOT, Served

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

HERE = Path(__file__).resolve().parent
LIMIT_S = 300
EPOCHS, STEPS_PER_EPOCH = 24, 6


def test_a_training_is_submitted_watched_cancelled_and_carried_on_to_its_end(tmp_path: Path) -> None:
    """Takes over 20 s: ranks that import torch start twice, and the training is planned three times."""
    records, outputs, stubs = tmp_path / "records", tmp_path / "out", tmp_path / "stubs"
    val, test = [MadeClip("s1", "v"), MadeClip("s2", "v")], [MadeClip("s3", "a")]
    write_shards(records, {"train": [speakers_clips("s1", "s2", clips=6)], "val": [val], "test": [test]})
    shutil.copytree(ROOT / "protos", stubs, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE / "plain_trainings_client.py", tmp_path)
    server = Served(tmp_path / "registry", [tmp_path])
    try:
        argv = [sys.executable, "-I", "plain_trainings_client.py", stubs, server.target, records, outputs]
        words = [*map(str, argv)]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        assert done.returncode == 0, done.stderr + server.said()
    finally:
        server.kill()
    answer = json.loads(done.stdout)
    assert Path(answer["stubs"]).is_relative_to(stubs) and answer["ours"] == []
    assert answer["again"] == answer["id"] and answer["listed"] == [answer["id"]]

    num_steps = EPOCHS * STEPS_PER_EPOCH
    cancelled, (step, generation, finished), ended, progress = answer["phases"]
    assert (cancelled, generation, finished) == ("RUN_PHASE_CANCELLED", 1, False) and 0 < step < num_steps
    assert (ended, progress) == ("RUN_PHASE_FINISHED", [num_steps, 2, True])
    # Each was told once, though the watch broke off and the ranks ended in between.
    assert answer["numbers"] == list(range(1, num_steps + EPOCHS + 1))
    assert answer["steps"] == list(range(1, num_steps + 1)) and answer["epochs"] == list(range(1, EPOCHS + 1))
    assert any("Train samples: 12" in text for text in answer["messages"])
    assert any(f"Goes on at step {step}" in text for text in answer["messages"])
    assert answer["got"] == ["grid-ctc", 1, num_steps, EPOCHS]

    steps = [one for one, *_ in answer["checkpoints"]]
    assert steps[0] == num_steps and steps == sorted(steps, reverse=True)
    for step, uri, sha256, size_bytes, measured_at in answer["checkpoints"]:
        data = Path(uri).read_bytes()
        assert measured_at == step
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (sha256, size_bytes)
    assert (outputs / "best_model.pt").exists()
    assert (answer["elsewhere"], answer["unknown"]) == ("ROOT_NOT_ALLOWED", "NO_RUN")
