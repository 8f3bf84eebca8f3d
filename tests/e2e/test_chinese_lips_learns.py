"""A lipreader learns, with the commands of the docs: what it reads in clips that it has not seen is far better than the
best guess.
"""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

pytestmark = pytest.mark.slow

TRAINING = (
    *("--val-share", 0.25, "--preset", "cpu", "--frame-height", 48, "--frame-width", 48, "--batch-frames", 400),
    *("--learning-rate", "2e-3", "--short-share", 0, "--num-masks", 0, "--num-epochs", 12, "--num-threads", 1),
)


def test_held_out_clips_are_read_better_than_the_best_constant_sentence(visemill: Any, tmp_path: Path) -> None:
    """Takes 2 minutes of two cores: to learn takes what it takes."""
    corpus, results = tmp_path / "corpus", tmp_path / "checkpoints"
    visemill.ok("demo-corpus", corpus, "--language", "zh", "--speakers", 2, "--clips", 64)
    visemill.ok(
        *("train", "chinese-lips-conformer", "--data-root", corpus, "--checkpoint-dir", results, "--num-ranks", 2),
        *TRAINING,
    )
    found = visemill.ok(
        *("test", "chinese-lips-conformer", "--data-root", corpus, "--checkpoint-dir", results, "--split", "val"),
        *("--rescoring", 0),
    )
    assert (found["clips"], found["learnt_from"]) == (32, 0)
    constant, untrained = found["constant"], found["untrained"]
    print(found["cer"], found["cer_interval"], constant["cer"], constant["cer_interval"])
    assert found["cer_interval"][1] < constant["cer_interval"][0] < untrained["cer_interval"][0]
