"""Shares that `visemill verify` makes again, and how it counts them."""

import io
import json
from pathlib import Path

import pytest

from orchestrator.cli.datasets import verify
from orchestrator.cli.datasets.verify import share
from orchestrator.console.progress import Progress
from services.base.errors import BadConfig
from services.base.run.manifest import ClipRow
from services.base.run.spec import PinnedStage, RunSpec
from services.base.store.open import open_store


@pytest.mark.parametrize(("text", "expected"), [("5%", 0.05), ("0.05", 0.05), ("0%", 0), ("100%", 1)])
def test_shares(text, expected):
    assert share(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "101%", "-1%", "some"])
def test_shares_that_are_none(text):
    with pytest.raises(BadConfig, match="such as"):
        share(text)


def test_clips_that_are_made_again_are_counted_as_they_come(tmp_path, monkeypatch):
    rows = [ClipRow(f"k{i}", f"k{i}", "s", f"k{i}.mpg", "train", 0, i, i, 1, "v") for i in range(3)]
    for row in rows:
        (tmp_path / row.media).write_bytes(b"x")
    spec = RunSpec("r", "grid", "d" * 64, (PinnedStage("decode"),), str(tmp_path), "out", 1, 3, "0" * 64, {})
    progress = Progress(3, 0, stream=io.StringIO())
    counted = []

    def lines(*_words, **_limits):
        for i in range(3):
            counted.append(progress.line().partition(" clips")[0])
            yield json.dumps({"outcome": "ok", "saved": {"record": f"made/{i}"}}) + "\n"

    monkeypatch.setattr(verify, "service_lines", lines)
    made = verify._make_again(spec, open_store(tmp_path), rows, tmp_path, progress)
    assert counted == ["0/3", "1/3", "2/3"]
    assert made == {f"k{i}": Path(f"made/{i}") for i in range(3)}
