"""What `verify` finds, and what fixes it."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.base.store.open import open_store
from services.formats.example import decode_example, encode_example
from services.formats.tfrecord import read_records, write_record

pytestmark = pytest.mark.slow


@pytest.fixture
def out(finished_grid: Any, tmp_path: Path) -> Path:
    """The output of three clips in two shards."""
    outputs: Path = finished_grid.copy(tmp_path).outputs
    return outputs


def problems(here: Any, out: Path, *more: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = here.run("verify", "--output-root", out, *more).data["problems"]
    return found


def shard_file(out: Path) -> Path:
    """The one with the most records."""
    return max(out.glob("train-*.tfrecord"), key=lambda path: path.stat().st_size)


def test_a_run_as_it_was_written_is_clean_even_made_again(here: Any, out: Path) -> None:
    answer = here.ok("verify", "--output-root", out, "--recompute", "100%")
    assert answer["problems"] == []
    assert answer["recomputed"] == 3
    # Two shards of three splits, and what is said of them.
    assert answer["files"] == 2 * 3 + 4
    here.refused("verify", "--output-root", out, "--recompute", "500%", reason="BAD_SHARE")


def test_a_byte_that_flipped_is_found_and_mended(here: Any, out: Path, tree_digest: Any) -> None:
    whole, path = tree_digest(out), shard_file(out)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    result = here.run("verify", "--output-root", out, "--recompute", "100%")
    assert result.code == 65
    (problem,) = result.data["problems"]
    assert problem["file"] == path.name
    assert "delete it and resume" in problem["problem"]
    path.unlink()
    here.ok("resume", "--output-root", out)
    assert tree_digest(out) == whole


def test_a_file_cut_short_or_deleted_is_found_and_mended(here: Any, out: Path, tree_digest: Any) -> None:
    whole, path = tree_digest(out), shard_file(out)
    path.write_bytes(path.read_bytes()[:-1])
    assert path.name in {problem["file"] for problem in problems(here, out)}
    here.ok("resume", "--output-root", out)
    assert tree_digest(out) == whole

    path.unlink()
    assert "gone" in next(p["problem"] for p in problems(here, out) if p["file"] == path.name)
    (out / "meta.json").unlink()
    (out / "quality.jsonl").unlink()
    here.ok("resume", "--output-root", out)
    assert tree_digest(out) == whole


@pytest.mark.parametrize("name", ["meta.json", "quality.jsonl", "quarantine.jsonl", "words.parquet"])
def test_a_summary_that_was_lost_or_changed_is_found_and_mended(
    here: Any, out: Path, tree_digest: Any, name: str
) -> None:
    whole = tree_digest(out)
    (out / name).write_bytes((out / name).read_bytes() + b" ")
    assert name in {problem["file"] for problem in problems(here, out)}
    (out / name).unlink()
    assert name in {problem["file"] for problem in problems(here, out)}
    here.ok("resume", "--output-root", out)
    assert tree_digest(out) == whole


def test_a_forgery_that_agrees_with_its_digest_is_found_by_making_it_again(here: Any, out: Path) -> None:
    path = shard_file(out)
    records = list(read_records(_pieces(path)))
    assert len(records) > 1
    features = decode_example(records[1])
    frames = bytearray(features["frames"][0])
    frames[1000] ^= 1
    flat = {name: values if name == "label" else values[0] for name, values in features.items()}
    records[1] = encode_example({**flat, "frames": bytes(frames)})
    with path.open("wb") as file:
        for record in records:
            write_record(file, record)
    shard = path.name.removeprefix("train-").removesuffix(".tfrecord")
    (done_file,) = out.glob(f".visemill/runs/*/shards/{shard}/done.json")
    done = json.loads(done_file.read_text())
    assert done["outputs"][path.name]["size_bytes"] == path.stat().st_size
    done["outputs"][path.name]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    done_file.write_text(json.dumps(done))

    assert problems(here, out) == []
    (problem,) = problems(here, out, "--recompute", "100%")
    assert problem["file"] == "s1/" + features["utterance_id"][0].decode()
    assert open_store(out).stat(path.name)


def _pieces(path: Path) -> Iterator[bytes]:
    yield path.read_bytes()
