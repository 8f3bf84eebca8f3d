"""A pipeline with a stage of its own, from outside the checkout: its package and a line in each of two tables.

The pipeline (tests/fakes/tones) is of sound alone: no clip has a picture.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

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


def visemill(fork: Path, *words: object) -> dict[str, object]:
    """What a command answers, which must succeed."""
    done = subprocess.run(
        [*argv(*words), "-o", "json"],
        cwd=fork,
        env=environment(fork),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


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


def test_its_own_command_and_the_script_that_it_replaces_work(fork: Path, wavs: Path, tmp_path: Path) -> None:
    """Five starts of the command line, and a worker beside one of them."""
    expected = {"files": len(TONES_HZ), "bytes": sum(path.stat().st_size for path in wavs.iterdir())}
    assert visemill(fork, "stats", "tones", "--data-root", wavs) == expected
    overview = subprocess.run(
        argv("--help"), cwd=fork, env=environment(fork), capture_output=True, text=True, check=True
    )
    assert "\n  stats        count the wav files of a folder\n" in overview.stdout

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
