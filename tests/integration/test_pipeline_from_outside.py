"""A pipeline with a stage of its own, from outside the checkout: its package and a line in each of two tables.

The pipeline (tests/fakes/tones) is of sound alone: no clip has a picture.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forked_checkout import assert_only_tables_touched
from tones_fork import TABLES, TONES_HZ, checkout, write_tones

from services.base.run.sharding import assign_shards

NUM_SHARDS = 3
LIMIT_S = 120


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkout(tmp_path_factory.mktemp("fork"))


@pytest.fixture(scope="module")
def wavs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tones(tmp_path_factory.mktemp("wavs"))


def argv(*words: object) -> list[str]:
    return [sys.executable, "-m", "orchestrator.cli.main", *map(str, words)]


def environment(fork: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(fork)}


def visemill(fork: Path, *words: object, code: int = 0) -> dict[str, Any]:
    """What a command answers."""
    done = subprocess.run(
        [*argv(*words), "-o", "json"],
        cwd=fork,
        env=environment(fork),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def files(folder: Path) -> dict[str, bytes]:
    """The output, without what the run keeps for itself."""
    found = (path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder): path for path in found}
    return {str(name): path.read_bytes() for name, path in names.items() if name.parts[0] != ".visemill"}


def test_only_the_two_tables_are_touched(fork: Path) -> None:
    assert_only_tables_touched(fork, TABLES)


def test_its_run_is_killed_and_resumed_and_gives_the_same_bytes(fork: Path, wavs: Path, tmp_path: Path) -> None:
    """Five starts of the command line, and workers beside three of them."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    shard_of = dict(zip(TONES_HZ, assign_shards(list(TONES_HZ), NUM_SHARDS).shard_N.tolist(), strict=True))
    last = max(shard_of, key=lambda name: shard_of[name])
    hold = tmp_path / "hold"

    def run(output: Path) -> list[object]:
        held = f"{last.removesuffix('.wav')}={hold}"
        roots = ("--input-root", wavs, "--output-root", output, "--hold", held)
        return ["run", "tones", *roots, "--num-shards", NUM_SHARDS, "--workers", 1]

    answer = visemill(fork, *run(whole))
    assert answer["finished"] and not answer["quarantined"]
    hold.touch()
    with subprocess.Popen(argv(*run(killed)), cwd=fork, env=environment(fork), stderr=subprocess.PIPE) as process:
        until_s = time.monotonic() + LIMIT_S
        while not list(killed.rglob("done.json")) and time.monotonic() < until_s and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert 1 <= len(list(killed.rglob("done.json"))) < NUM_SHARDS
    assert not list(killed.glob("*.npz"))
    hold.unlink()
    resumed = visemill(fork, "resume", "--output-root", killed, "--workers", 1)
    assert resumed["finished"]
    assert files(killed) == files(whole)

    shown = visemill(fork, "inspect", "--pipeline", "tones", killed / "c.npz")
    assert shown.keys() == {"bandwidth_hz", "centroid_hz", "rms"}
    with np.load(killed / "c.npz") as found:
        assert np.median(found["centroid_hz"]) == pytest.approx(TONES_HZ["c.wav"], rel=0.02)
    assert not visemill(fork, "verify", "--output-root", killed, "--recompute", "50%")["problems"]


@pytest.fixture
def fast_folder(tmp_path: Path) -> Iterator[Path]:
    """Where thousands of files are made durable at once, if there is such a place."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else tmp_path))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_its_trees_of_files_are_killed_and_resumed_and_verified(fork: Path, fast_folder: Path) -> None:
    """Over a thousand files a shard, and a clip that fails when its files are through. Four starts of the command line,
    and workers beside three of them.
    """
    wavs, whole, killed, hold = (fast_folder / name for name in ("wavs", "whole", "killed", "hold"))
    wavs.mkdir()
    for name, hz in {"a": 440, "b": 880, "silent": 0, "z": 1760}.items():
        samples = np.sin(2 * np.pi * hz * np.arange(3000) / 8000) * 20_000
        with wave.open(str(wavs / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(samples.astype("<i2").tobytes())

    def run(output: Path) -> list[object]:
        roots = ("--input-root", wavs, "--output-root", output, "--hold", f"z={hold}")
        return ["run", "tones", *roots, "--num-shards", 1, "--workers", 1, "--tree", "--window-samples", 12]

    answer = visemill(fork, *run(whole), code=3)
    assert answer["finished"] and answer["quarantined"] == 1
    made = files(whole)
    assert len([name for name in made if name.endswith(".f32")]) == 3 * 500
    assert {name.split("/")[0] for name in made if "/" in name} == set("abz")
    assert len(made["b/windows/499.f32"]) == 12 * 4

    hold.touch()
    staging = killed / ".visemill" / "staging"
    with subprocess.Popen(argv(*run(killed)), cwd=fork, env=environment(fork), stderr=subprocess.DEVNULL) as process:
        until_s = time.monotonic() + LIMIT_S
        while not list(staging.glob("*/z/windows/*")) and time.monotonic() < until_s and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert list(staging.glob("*/a/clip.npz")) and not [path for path in staging.glob("*/silent/**/*") if path.is_file()]
    assert not list(killed.rglob("done.json")) and not files(killed)
    hold.unlink()
    assert visemill(fork, "resume", "--output-root", killed, "--workers", 1, code=3)["finished"]
    assert files(killed) == made

    (done,) = (json.loads(path.read_text()) for path in killed.rglob("done.json"))
    assert done["outputs"] == {} and done["listing"]["num_files"] == 3 * 501
    (listing,) = killed.rglob("outputs-*.jsonl")
    assert hashlib.sha256(listing.read_bytes()).hexdigest() == done["listing"]["sha256"]
    assert not list(staging.rglob("*.f32"))

    (killed / "b" / "windows" / "7.f32").write_bytes(made["b/windows/8.f32"])
    (killed / "a" / "clip.npz").unlink()
    found = visemill(fork, "verify", "--output-root", killed, "--recompute", "100%", code=65)
    assert [problem["file"] for problem in found["problems"]] == ["a/clip.npz", "b/windows/7.f32"]
    assert found["recomputed"] == 3


def test_its_own_command_and_the_script_that_it_replaces_work(fork: Path, wavs: Path, tmp_path: Path) -> None:
    """Five starts of the command line, and a worker beside one of them."""
    expected = {"files": len(TONES_HZ), "bytes": sum(path.stat().st_size for path in wavs.iterdir())}
    assert visemill(fork, "inventory", "tones", "--data-root", wavs) == expected
    overview = subprocess.run(
        argv("--help"), cwd=fork, env=environment(fork), capture_output=True, text=True, check=True
    )
    assert ["inventory", "count", "the", "wav", "files", "of", "a", "folder"] in map(
        str.split, overview.stdout.splitlines()
    )

    script = ("spectra_of_wavs", "--wav-dir", wavs, f"--npz_dir={tmp_path / 'out'}", "--num_shards", 2, "--workers", 1)
    answer = visemill(fork, *script)
    assert answer["finished"] and answer["pipeline"] == "tones" and answer["shards"]["total"] == 2
    assert len(list((tmp_path / "out").glob("*.npz"))) == len(TONES_HZ)

    # What a run was planned with can be requested again.
    settings = visemill(fork, "status", "--output-root", tmp_path / "out", "--print-request")
    assert settings["pipeline"] == "tones" and settings["num-shards"] == 2
    (tmp_path / "request.json").write_text(json.dumps(settings))
    pinned = visemill(fork, "pin", "--request", tmp_path / "request.json", "--output-root", tmp_path / "again")
    assert pinned["run"] == answer["run"]
