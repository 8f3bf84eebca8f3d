"""Sign clips give the same bytes with keypoints, features, tables, labels and verdicts, whatever happens on the way."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.slow

FLAGS: list[object] = [
    *("--write-keypoints", "--write-iv3-features", "--target-fps", 6, "--label-from", "folder", "--occ-enable"),
    *("--num-shards", 3, "--quiet"),
]


def test_a_run_holds_every_kind_of_file(finished_sign: Any) -> None:
    files = {path.suffix for path in finished_sign.outputs.iterdir()}
    assert {".npz", ".parquet", ".csv", ".json", ".jsonl"} <= files
    assert len((finished_sign.outputs / "labels.csv").read_text().splitlines()) == 7
    with np.load(finished_sign.outputs / "rice.npz") as arrays:
        assert arrays["X2048"].shape == (len(arrays["X"]), 2048) and arrays["mask"].any()


def test_two_workers_give_the_bytes_of_one_that_keeps_no_artifacts(
    finished_sign: Any, here: Any, tree_digest: Any, tmp_path: Path
) -> None:
    words = ["run", "sign", finished_sign.inputs, tmp_path / "out", *FLAGS]
    here.ok(*words, "--workers", 2, code=3)
    assert tree_digest(tmp_path / "out") == finished_sign.digest
