"""Input, output and state in an object store: the same bytes as on a disk, and a server that dies costs nothing."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

NUM_CLIPS = 5
FLAGS = ["--num-shards", "2", "--workers", "2", "--quiet"]


@dataclass(frozen=True)
class OnDisk:
    """Clips, one of them not a video, and what a run on a disk makes of them."""

    inputs: Path
    outputs: Path


@pytest.fixture(scope="module")
def on_disk(here: Any, corpus_at: Any, stems: Callable[[int], list[str]], tmp_path_factory: Any) -> OnDisk:
    folder = tmp_path_factory.mktemp("on-disk")
    inputs, outputs = folder / "in", folder / "out"
    corpus = corpus_at(inputs).add(*stems(NUM_CLIPS))
    corpus.copy("lrarzn", "s1_processed/lrarzn.mpg", "s1_processed/align/lrarzn.align")
    corpus.path("s1_processed/lrarzn.mpg").write_bytes(b"not a video")
    here.ok("run", "grid", "--input-root", inputs, "--output-root", outputs, *FLAGS, code=3)
    return OnDisk(inputs, outputs)


@pytest.fixture
def bucket(s3_server: Any, on_disk: OnDisk) -> str:
    """A bucket with the same clips below `grid/`."""
    name: str = s3_server.new_bucket()
    for path in sorted(on_disk.inputs.rglob("*")):
        if path.is_file():
            s3_server.client().fput_object(name, f"grid/{path.relative_to(on_disk.inputs)}", str(path))
    return name


@pytest.fixture
def on_s3(here_in: Any, s3_server: Any) -> Any:
    """The command line with the server's address and keys in its environment."""
    return here_in(s3_server.environment())


def objects(server: Any, bucket: str, prefix: str) -> dict[str, bytes]:
    """What lies below a prefix, the run's state left out."""
    client, found = server.client(), {}
    for entry in client.list_objects(bucket, prefix, recursive=True):
        name = entry.object_name.removeprefix(prefix)
        if not name.startswith(".visemill/"):
            found[name] = client.get_object(bucket, entry.object_name).data
    return found


def files(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}


def test_the_bytes_are_those_on_disk_and_every_command_works(
    on_s3: Any, s3_server: Any, bucket: str, on_disk: OnDisk, tmp_path: Path
) -> None:
    """Takes over twenty seconds: a dozen commands, each on what those before it have left in the store."""
    inputs, outputs = f"s3://{bucket}/grid", f"s3://{bucket}/out"
    assert on_s3.ok("count", "grid", "--input-root", inputs)["clips"] == NUM_CLIPS + 1
    words = ["grid", "--input-root", inputs, "--output-root", outputs, *FLAGS]
    assert on_s3.ok("plan", *words, "--sample", "1", "--deep")["clips"] == NUM_CLIPS + 1
    assert objects(s3_server, bucket, "out/") == {}

    answer = on_s3.ok("run", *words, code=3)
    assert answer["reasons"] == {"OPEN_FAILED": 1}
    assert objects(s3_server, bucket, "out/") == files(on_disk.outputs)

    assert on_s3.ok("resume", "--output-root", outputs, code=3)["nothing_to_do"]
    (line,) = on_s3.ok("status", "--output-root", outputs, "--quarantine")["quarantine"]
    assert line["key"] == "s1/lrarzn"
    assert on_s3.ok("reproduce", "--output-root", outputs, "--clip", "s1/lrarzn", code=3)["reason"] == "OPEN_FAILED"
    assert on_s3.ok("verify", "--output-root", outputs, "--recompute", "1%")["problems"] == []
    sheet = tmp_path / "sheet.png"
    shown = on_s3.ok("inspect", f"{outputs}/train-00000-of-00002.tfrecord", "--png", sheet)
    assert shown["features"]
    assert sheet.read_bytes().startswith(b"\x89PNG")
    assert on_s3.ok("report", "--output-root", outputs)["sheets"] > 0
    report = s3_server.client().get_object(bucket, "out/.visemill/report.html").data
    assert b"lrarzn" in report

    # A clip that is fixed in the store is brought in by a retry.
    good = s3_server.client().get_object(bucket, "grid/s1_processed/bbaf2n.mpg").data
    (tmp_path / "good.mpg").write_bytes(good)
    s3_server.client().fput_object(bucket, "grid/s1_processed/lrarzn.mpg", str(tmp_path / "good.mpg"))
    assert on_s3.ok("retry", "--output-root", outputs)["records"]["train"] == NUM_CLIPS + 1


def test_a_server_killed_and_restarted_in_mid_run_costs_nothing(
    visemill_in: Any, s3_server: Any, bucket: str, on_disk: OnDisk
) -> None:
    """Over 20 s: a server starts anew twice, and what waits for it waits longer each time."""
    words = ["run", "grid", "--input-root", f"s3://{bucket}/grid", "--output-root", f"s3://{bucket}/out", *FLAGS]
    process = visemill_in(s3_server.environment()).start(*words, "-o", "json")
    try:
        for num_artifacts in (1, 3):
            _wait_for_artifacts(s3_server, bucket, num_artifacts, process)
            s3_server.restart()
        text, stderr = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 3, (text, stderr)
    assert json.loads(text)["records"]["train"] == NUM_CLIPS
    assert objects(s3_server, bucket, "out/") == files(on_disk.outputs)


def _wait_for_artifacts(server: Any, bucket: str, count: int, process: Any) -> None:
    deadline_s = time.monotonic() + 120
    while sum(1 for _ in server.client().list_objects(bucket, "out/.visemill/artifacts/", recursive=True)) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline_s
        time.sleep(0.1)
