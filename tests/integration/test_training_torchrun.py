"""Ranks that torchrun has started learn what others do, and go on after an end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

from grid_records import MadeClip, write_shards

from services.training.recipes.grid_ctc.training import train_main

FLAGS = [
    *("--size", "tiny", "--num_epochs", "2", "--batch_frames", "24", "--num-threads=1", "--val-share", "0"),
    *("--accumulation-steps", "2", "--log-every", "1", "--average-last-n", "0", "--save-every", "1"),
]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("records")
    clips = [MadeClip("s1", f"a{i}", "bin at") for i in range(7)]
    write_shards(root, {"train": [clips], "val": [[MadeClip("s2", "v", "lay")]]})
    return root


def losses(folder: Path) -> list[float]:
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]


def alone(records: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> list[float]:
    for name, value in {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    assert train_main([*FLAGS, "--data_root", str(records), "--checkpoint_dir", str(folder), *more]) == 0
    return losses(folder)


def test_two_ranks_of_torchrun_have_the_losses_of_one(records, tmp_path, monkeypatch):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "services"]
    folder = tmp_path / "two"
    done = subprocess.run(
        [*command, "grid-ctc", "train", *FLAGS, "--data_root", str(records), "--checkpoint_dir", str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert {"best_model.pt", "model.safetensors", "tokenizer.json"} <= {path.name for path in folder.iterdir()}
    expected = alone(records, tmp_path / "one", monkeypatch)
    assert len(expected) > 3 and losses(folder) == pytest.approx(expected, rel=1e-5)
    # What is done is not done again.
    assert alone(records, folder, monkeypatch) == losses(folder)
