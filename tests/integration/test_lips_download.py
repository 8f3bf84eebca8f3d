"""Chinese-LiPS from a hub on loopback, by command: attested, killed halfway, gone on with, and read by `stats`."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")

from fake_hub import REVISION, FakeHub, served, zip_of

from services.corpus.mandarin import LipsTake

LIMIT_S = 60
WORDS = ("download", "chinese-lips", "--output_dir", "Chinese-LiPS", "--cache_dir", "cache")
HEAD = "ID,TOPIC,WAV,PPT,FACE,TEXT"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The data set as it is published, of mouths that are drawn, a sentence a split."""
    files = {"README.md": b"terms", "meta_all.csv": b"", "train.zip": zip_of({"x": b"whole faces"})}
    for speaker, (table, split) in enumerate((("train", "train"), ("valid", "val"), ("test", "test"))):
        take = LipsTake(0, speaker, 1, ("我们", "他们", "老师")[speaker])
        face = f"{take.topic}/{take.key.rpartition('_')[0]}/FACE/{take.key}_FACE.mp4"
        files[f"meta_{table}.csv"] = f"{HEAD}\n{take.key},{take.topic},w.wav,p.mp4,{face},{take.text}\n".encode()
        members = {f"processed_{split}/{take.key}.{ending}": b"beside it" for ending in ("wav", "json")}
        files[f"processed_{split}.zip"] = zip_of({**members, f"processed_{split}/{take.key}.mp4": take.media()})
    return files


@pytest.fixture
def hub(files: dict[str, bytes]) -> Iterator[FakeHub]:
    with served(FakeHub(files, gated=True)) as served_hub:
        yield served_hub


def started(hub: FakeHub, cwd: Path, *words: str) -> subprocess.Popen[str]:
    env = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(cwd / "hf"), "HF_TOKEN": "hf_loopback"}
    argv = [sys.executable, "-m", "orchestrator.cli.main", *words]
    return subprocess.Popen(argv, cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(hub: FakeHub, cwd: Path, *words: str, code: int = 0) -> str:
    with started(hub, cwd, *words) as process:
        out, said = process.communicate(timeout=LIMIT_S)
    assert process.returncode == code, (words, out[-2000:], said[-3000:])
    return out if "json" in words else out + said


def test_it_is_fetched_by_those_who_accept_its_terms_through_a_kill_and_read(hub: FakeHub, tmp_path: Path) -> None:
    assert "LICENCE_NOT_ATTESTED" in run(hub, tmp_path, *WORDS, code=78)
    assert hub.asked == [] and not (tmp_path / "cache").exists()

    # The test zip comes first, and stops halfway.
    zips = {name: data for name, data in hub.files.items() if name.startswith("processed_")}
    hub.stops_after = 16_384
    with started(hub, tmp_path, *WORDS, "--accept_licence") as process:
        until_s = time.monotonic() + LIMIT_S
        while not (begun := list(tmp_path.glob("cache/*/blobs/*.incomplete"))) or begun[0].stat().st_size < 16_000:
            assert process.poll() is None and time.monotonic() < until_s
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    there_bytes = begun[0].stat().st_size
    hub.stops_after = None

    found = json.loads(run(hub, tmp_path, *WORDS, "-o", "json"))
    assert (found["repository"], found["revision"]) == ("BAAI/Chinese-LiPS", REVISION)
    assert [file["name"] for file in found["files"]] == [
        "meta_test.csv",
        "meta_train.csv",
        "meta_valid.csv",
        *sorted(zips),
    ]
    assert found["fetched_bytes"] == sum(map(len, zips.values())) - there_bytes
    first, second, *_ = hub.ranges_of_contents()
    assert first.startswith("bytes=0-") and second.startswith(f"bytes={there_bytes}-")
    assert [one for one in hub.asked if "api" in one.path] == hub.asked[:1], "the commit is asked for once, and no more"

    stats = json.loads(run(hub, tmp_path, "stats", "chinese-lips", "--data_root", "Chinese-LiPS", "-o", "json"))
    assert {name: one["clips"] for name, one in stats["splits"].items()} == {"train": 1, "val": 1, "test": 1}
    assert stats["left_out"] == {}
    folder = tmp_path / "Chinese-LiPS"
    assert "arXiv:2504.15066" in (folder / "DATA_LICENCE.txt").read_text()
    assert json.loads((folder / ".visemill/licence.json").read_text())["data_set"] == "Chinese-LiPS"
