"""What a rank that torchrun has started refuses. Two ranks of it: tests/integration/test_training_torchrun."""

from __future__ import annotations

import dataclasses
import logging
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("torch")

from grid_records import MadeClip, write_shards

from services.base.errors import BadConfig
from services.base.worker.rank import Rank
from services.training.recipes.grid_ctc.spec import RECIPE
from services.training.recipes.grid_ctc.training import train_main
from services.training.torchrun import torchrun_main

FLAGS = [
    *("--size", "tiny", "--num_epochs", "2", "--batch_frames", "24", "--num-threads=1", "--val-share", "0"),
    *("--accumulation-steps", "2", "--log-every", "1", "--average-last-n", "0", "--save-every", "1"),
]


@pytest.fixture
def records(tmp_path: Path) -> Path:
    clips = [MadeClip("s1", f"a{i}", "bin at") for i in range(3)]
    write_shards(tmp_path / "records", {"train": [clips], "val": [[MadeClip("s2", "v", "lay")]]})
    return tmp_path / "records"


def alone(records: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> None:
    for name, value in {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    assert train_main([*FLAGS, "--data_root", str(records), "--checkpoint_dir", str(folder), *more]) == 0


def test_other_settings_and_an_output_of_a_run_are_refused(records, tmp_path, monkeypatch):
    alone(records, tmp_path / "one", monkeypatch, "--num-epochs", "1")
    with pytest.raises(BadConfig, match="other settings") as caught:
        alone(records, tmp_path / "one", monkeypatch, "--seed", "2")
    assert caught.value.reason == "OTHER_TRAINING"
    (tmp_path / "run" / ".visemill").mkdir(parents=True)
    (tmp_path / "run" / ".visemill" / "output.json").write_text('{"run": "abc"}')
    with pytest.raises(BadConfig, match="is the output of run 'abc'") as caught:
        alone(records, tmp_path / "run", monkeypatch)
    assert caught.value.reason == "OUTPUT_IN_USE"


def test_without_torchrun_it_says_what_to_do(records, tmp_path, monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(BadConfig, match="start it by torchrun") as caught:
        train_main(["--data_root", str(records), "--checkpoint_dir", str(tmp_path)])
    assert caught.value.reason == "NO_TORCHRUN"


def test_prometheus_reads_the_numbers_of_a_rank_where_an_address_is_given(records, tmp_path, monkeypatch, caplog):
    def read_of_rank(config: object, rank: Rank) -> None:
        (port,) = [line.rpartition(" ")[2] for line in caplog.messages if line.startswith("metrics on port")]
        seen.append(urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode())

    seen: list[str] = []
    caplog.set_level(logging.INFO)
    for name, value in {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    recipe = dataclasses.replace(RECIPE, train=read_of_rank)
    argv = ["--data_root", str(records), "--checkpoint_dir", str(tmp_path / "out"), "--metrics-listen", "127.0.0.1:0"]
    assert torchrun_main(recipe, argv) == 0
    assert all(f"visemill_training_{name}" in seen[0] for name in ("step", "items_total", "wait_seconds_total"))
