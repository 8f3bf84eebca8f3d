"""The run that made a data set: its digest stands for the records, as long as they are what it wrote."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from grid_records import speakers_clips, write_shards

from services.base.errors import BadConfig, BadShard
from services.base.run import paths
from services.base.run.spec import PinnedStage, RunSpec, ShardCommit
from services.base.store.open import open_store
from services.training.data.grid import GridData, GridSettings, open_grid
from services.training.data.records.made_by import making_run
from services.training.data.records.opening import RecordsSettings

SPEC = RunSpec("r", "grid", "d" * 64, (PinnedStage("records"),), "in", "out", 1, 6, "c" * 64, {}, map_digest="e" * 64)
TRAIN, VAL = "train-00000-of-00001.tfrecord", "val-00000-of-00001.tfrecord"


def publish(root: Path, state_root: str = "") -> None:
    """As `visemill run` leaves it."""
    write_shards(root, {"train": [speakers_clips("s1")], "val": [speakers_clips("s2")]})
    outputs = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data), "num_records": 3}
        for name, data in ((name, (root / name).read_bytes()) for name in (TRAIN, VAL))
    }
    open_store(root).put(paths.CLAIM, json.dumps({"run": "r", "digest": "d" * 64, "state": state_root}).encode())
    state = open_store(state_root or root / paths.STATE_DIR)
    state.put(paths.run_file("r"), SPEC.to_json())
    state.put(paths.done_file("r", 0, 1), ShardCommit(0, "d" * 64, outputs, {}, {}, {}).to_json())
    state.put(paths.finished_file("r"), b"{}")


def opened(root: Path, max_failures: int = 0) -> GridData:
    return open_grid(
        GridSettings(str(root), RecordsSettings(str(root.parent / "own"), root.parent, max_failures=max_failures))
    )


@pytest.mark.parametrize("elsewhere", [False, True], ids=["in the output", "in a state root of its own"])
def test_the_digest_is_that_of_the_pass_that_made_the_records(tmp_path: Path, elsewhere: bool) -> None:
    publish(tmp_path / "out", str(tmp_path / "state") if elsewhere else "")
    assert opened(tmp_path / "out").digest == "e" * 64


def test_records_without_a_run_are_known_by_their_bytes(tmp_path: Path) -> None:
    publish(tmp_path / "out")
    write_shards(tmp_path / "copy", {"train": [speakers_clips("s1")], "val": [speakers_clips("s2")]})
    assert making_run(open_store(tmp_path / "copy")) is None
    copied = opened(tmp_path / "copy").digest
    (tmp_path / "out" / paths.STATE_DIR / paths.run_file("r")).unlink()
    assert opened(tmp_path / "out").digest == copied, "nothing is left of the run's state"


def test_a_file_that_the_run_did_not_write_is_told(tmp_path: Path) -> None:
    publish(tmp_path / "out")
    write_shards(tmp_path / "out", {"val": [speakers_clips("s3")]})
    with pytest.raises(BadConfig, match=f"DATA_CHANGED: {VAL} .*visemill verify"):
        opened(tmp_path / "out")


def test_a_damaged_file_is_no_other_file_and_has_no_digest_of_the_run(tmp_path: Path) -> None:
    publish(tmp_path / "out")
    path = tmp_path / "out" / TRAIN
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BadShard, match="3 or more records"):
        opened(tmp_path / "out", max_failures=2)
    path.write_bytes(b"")
    publish(tmp_path / "out")
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)
    assert opened(tmp_path / "out", max_failures=1).digest != "e" * 64


def test_a_run_that_is_not_finished_is_refused(tmp_path: Path) -> None:
    publish(tmp_path / "out")
    (tmp_path / "out" / paths.STATE_DIR / paths.finished_file("r")).unlink()
    with pytest.raises(BadConfig, match=r"NOT_FINISHED: .*visemill resume"):
        opened(tmp_path / "out")


def test_a_claim_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    publish(tmp_path / "out")
    open_store(tmp_path / "out").put(paths.CLAIM, b"{")
    with pytest.raises(BadConfig, match="BAD_CLAIM"):
        opened(tmp_path / "out")
