"""The small pure rules inside the commands, as tables."""

import io
import json
from pathlib import Path

import pytest

from orchestrator.cli.datasets import verify
from orchestrator.cli.datasets.plan import predict, spread
from orchestrator.cli.datasets.verify import share
from orchestrator.cli.main import main
from orchestrator.cli.runs.gc import over_the_cap
from orchestrator.cli.runs.run import failure_limit
from orchestrator.console.progress import Progress
from services.base.errors import BadConfig
from services.base.run.manifest import ClipRow
from services.base.run.spec import PinnedStage, RunSpec
from services.base.store.interface import Entry
from services.base.store.open import open_store
from services.base.store.roots import absolute


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("12", 12), ("5%", 50), ("0.5%", 5), ("100%", None), ("150%", None)]
)
def test_limits_on_failures(text, expected):
    assert failure_limit(text, 1000) == expected


@pytest.mark.parametrize("text", ["", "-1", "many", "nan", "inf", "%"])
def test_limits_that_are_none(text):
    with pytest.raises(BadConfig, match="such as"):
        failure_limit(text, 1000)


@pytest.mark.parametrize(("text", "expected"), [("5%", 0.05), ("0.05", 0.05), ("0%", 0), ("100%", 1)])
def test_shares(text, expected):
    assert share(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "101%", "-1%", "some"])
def test_shares_that_are_none(text):
    with pytest.raises(BadConfig, match="such as"):
        share(text)


def test_the_oldest_artifacts_go_first_until_the_rest_fits():
    entries = [Entry(f"a{i}", 10, str(age)) for i, age in enumerate([300, 100, 200])]
    assert [e.name for e in over_the_cap(entries, 30)] == []
    assert [e.name for e in over_the_cap(entries, 15)] == ["a1", "a2"]
    assert [e.name for e in over_the_cap(entries, 0)] == ["a1", "a2", "a0"]


def test_ages_are_those_of_last_modified_where_versions_tell_none():
    ages = {"a": 300, "b": 100, "c": 200}
    entries = [Entry(name, 10, "0cc175b9c0f1b6a831c399e2697726", "file", age) for name, age in ages.items()]
    assert [e.name for e in over_the_cap(entries, 15)] == ["b", "c"]
    digits_only = [Entry("new", 10, "9" * 32, "file", 200), Entry("old", 10, "1" * 32, "file", 100)]
    assert [e.name for e in over_the_cap(digits_only, 10)] == ["old"]


def test_sampled_clips_are_spread_over_the_data_sets_own_order():
    rows = [ClipRow(f"k{i}", f"k{i}", "s", f"k{i}", "train", 0, 9 - i, i, 1, "v") for i in range(10)]
    assert [row.key for row in spread(rows[::-1], 3)] == ["k0", "k3", "k6"]
    assert len(spread(rows, 99)) == 10


def test_a_prediction_needs_a_clip_that_went_well():
    class Made:
        class order:
            num_clips = 100

    good = {"outcome": "ok", "cpu_s": {"decode": 0.1, "landmarks": 0.3}, "record": {"num_bytes": 1000}}
    predicted = predict(Made, [good, {"outcome": "BAD_INPUT"}], 2)
    assert predicted["wall_s"] == pytest.approx(20.0) and predicted["output_bytes"] == 100_000
    assert predict(Made, [{"outcome": "BAD_INPUT"}], 2)["wall_s"] is None


def test_roots_mean_the_same_in_a_worker(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert absolute("out") == str(tmp_path / "out")
    assert absolute("s3://bucket/prefix") == "s3://bucket/prefix"


def test_clips_that_are_made_again_are_counted_as_they_come(tmp_path, monkeypatch):
    rows = [ClipRow(f"k{i}", f"k{i}", "s", f"k{i}.mpg", "train", 0, i, i, 1, "v") for i in range(3)]
    for row in rows:
        (tmp_path / row.media).write_bytes(b"x")
    order = RunSpec("r", "grid", "d" * 64, (PinnedStage("decode"),), str(tmp_path), "out", 1, 3, "0" * 64, {})
    progress = Progress(3, 0, stream=io.StringIO())
    counted = []

    def lines(*_words, **_limits):
        for i in range(3):
            counted.append(progress.line().partition(" clips")[0])
            yield json.dumps({"outcome": "ok", "saved": {"record": f"made/{i}"}}) + "\n"

    monkeypatch.setattr(verify, "service_lines", lines)
    made = verify._make_again(order, open_store(tmp_path), rows, tmp_path, progress)
    assert counted == ["0/3", "1/3", "2/3"]
    assert made == {f"k{i}": Path(f"made/{i}") for i in range(3)}


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (["run", "grid", "--input-root", "{gone}", "--output-root", "{new}"], "--input-root"),
        (["run", "grid", "--input-root", "{here}", "--output-root", "{file}"], "--output-root"),
        (["resume", "--output-root", "{file}"], "--output-root"),
        (["status", "--output-root", "{file}"], "--output-root"),
    ],
)
def test_a_root_that_cannot_be_opened_is_said_by_its_flag(words, flag, tmp_path, capsys):
    (tmp_path / "file").touch()
    places = {name: str(tmp_path / name) for name in ("gone", "new", "file")} | {"here": str(tmp_path)}
    assert main([word.format(**places) for word in words]) == 78
    assert f"ROOT_MISSING: {flag}: " in capsys.readouterr().err
