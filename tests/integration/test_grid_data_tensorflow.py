"""Any clip of a run on real clips is what TensorFlow reads by the example of docs/grid.md, which runs here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.formats.words import read_words
from services.training.data.grid import GridSettings, open_grid
from services.training.data.records.opening import RecordsSettings

tf = pytest.importorskip("tensorflow", reason="the tensorflow extra is not installed")
pytest.importorskip("torch")
ROOT = Path(__file__).parents[2]
STEMS = ("bbaf2n", "lrae3s", "pbac2p")


@pytest.fixture(scope="module")
def output(testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips of one speaker, one of them 74 frames long."""
    folder = tmp_path_factory.mktemp("grid")
    source, inputs = testdata / "data" / "grid" / "s1_processed", folder / "data" / "s1_processed"
    (inputs / "align").mkdir(parents=True)
    for stem in STEMS:
        (inputs / f"{stem}.mpg").symlink_to(source / f"{stem}.mpg")
        (inputs / "align" / f"{stem}.align").symlink_to(source / "align" / f"{stem}.align")
    argv = ["run", "grid", "--input-root", str(folder / "data"), "--output-root", str(folder / "out"), "--follow-links"]
    command = [sys.executable, "-m", "orchestrator.cli.main", *argv, "--num-shards", "2", "--workers", "1", "--quiet"]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    return folder / "out"


def example_of_the_document(output: Path) -> Any:
    """The dataset that docs/grid.md makes, over this output."""
    (code,) = re.findall(r"```python\n(files = tf\.data.*?)```", (ROOT / "docs" / "grid.md").read_text(), re.DOTALL)
    names: dict[str, Any] = {"tf": tf}
    exec(code.replace('"out/', f'"{output}/'), names)
    return names["examples"]


def test_any_clip_is_what_tensorflow_reads(output: Path, tmp_path: Path) -> None:
    """Takes long: three videos are decoded and their faces found."""
    data = open_grid(GridSettings(str(output), RecordsSettings(str(tmp_path / "state"), tmp_path), val_share=0.0))
    assert data.notes == ()
    theirs = {}
    for example in example_of_the_document(output).as_numpy_iterator():
        num_frames, num_labels = int(example["input_len"]), int(example["label_len"])
        frames_THWC = np.frombuffer(example["frames"], np.uint8).reshape(75, 50, 100, 3)[:num_frames]
        theirs[tuple(example["label"][:num_labels].tolist())] = frames_THWC
    assert len(theirs) == len(data.train.items) == len(STEMS)
    for i in reversed(range(len(STEMS))):
        batch = data.train.read([i], "")
        expected = theirs[tuple(batch["labels_BL"][0].tolist())]
        assert np.array_equal(batch["frames_BTHWC"][0].numpy(), expected)
    assert sorted(item.cost for item in data.train.items) == [74, 75, 75]


def test_words_are_told_of_the_clips_that_they_are_said_in(output: Path, tmp_path: Path) -> None:
    data = open_grid(GridSettings(str(output), RecordsSettings(str(tmp_path / "state"), tmp_path), val_share=0.0))
    for i, item in enumerate(data.train.items):
        words = data.train.words_of(i)
        assert " ".join(word.text for word in words) == data.train.text_of(i)
        assert 0 < words[0].start < words[-1].end < item.cost
    rows = list(read_words((output / "words.parquet").read_bytes()))
    # bbaf2n.align: 23750 29500 bin, at 1000 ticks a frame.
    assert next(row[4:] for row in rows if row.key == "s1/bbaf2n") == (0, "bin", 24, 30)
