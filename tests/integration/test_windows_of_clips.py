"""Clips of a shard that a network takes together: the same bytes with any number of workers and after a kill, nearly
the same as alone, and a clip that ends the network costs itself.
"""

import json
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the features extra is not installed")

from forked_checkout import environment_of, forked

from services.base.run.sharding import assign_shards

STAGE_LINES = '    "bands": "voices.bands",\n    "voices": "voices.network",\n    "voicefiles": "voices.files",\n'
TABLES = {
    "services/__main__.py": ('STAGES: dict[str, str] = {\n    "decode"', STAGE_LINES),
    "orchestrator/pipelines/__init__.py": (
        'PIPELINES: dict[str, str] = {\n    "grid"',
        '    "voices": "voices.pipeline",\n',
    ),
}
RATE_HZ = 8000
# Hundredths of a second. Of the second one a network dies where it is asked to; "short" is refused before.
STEPS = {"a": 40, "b": 91, "c": 33, "d": 120, "e": 57, "f": 75, "g": 18, "short": 1}
DEADLY = STEPS["b"]
NUM_SHARDS = 2
LIMIT_S = 180


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return forked(tmp_path_factory.mktemp("fork"), TABLES, ["tones", "voices"])


@pytest.fixture(scope="module")
def wavs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wavs")
    rng = np.random.default_rng(0)
    for name, steps in STEPS.items():
        samples = rng.standard_normal(steps * RATE_HZ // 100) * 3000
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(samples.astype("<i2").tobytes())
    return folder


def argv(wavs: Path, output: Path, *flags: object, workers: int = 1, num_shards: int = NUM_SHARDS) -> list[str]:
    roots = ("--input-root", wavs, "--output-root", output, "--num-shards", num_shards, "--workers", workers)
    return [sys.executable, "-m", "orchestrator.cli.main", "run", "voices", *map(str, (*roots, *flags))]


def run(fork: Path, words: list[str]) -> dict[str, Any]:
    """What the command answers; "short" is quarantined."""
    done = subprocess.run(
        [*words, "-o", "json"],
        cwd=fork,
        env=environment_of(fork),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.npz")}


def lines(output: Path, name: str) -> list[dict[str, Any]]:
    """Of the one shard's file in the run's state."""
    (path,) = output.glob(f".visemill/runs/*/shards/*/{name}")
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def whole(fork: Path, wavs: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[int]]]:
    """A run in one worker, and the lengths in each batch that was computed, in their order."""
    output = tmp_path_factory.mktemp("whole")
    journal = output / "journal"
    run(fork, argv(wavs, output / "out", "--journal", journal))
    return output / "out", [json.loads(line) for line in journal.read_text().splitlines()]


def test_batches_are_cut_in_the_shards_windows_by_length(whole: tuple[Path, list[list[int]]]) -> None:
    """Windows of four clips, of which one that is refused before counts as one; 400 steps with their padding."""
    output, batches = whole
    assert sorted(files(output)) == sorted(f"{name}.npz" for name in STEPS if name != "short")
    assert sorted(steps for batch in batches for steps in batch) == sorted(STEPS[n] for n in STEPS if n != "short")
    assert max(map(len, batches)) > 1
    assert all(batch == sorted(batch) and len(batch) * batch[-1] <= 400 for batch in batches)


def test_two_workers_of_three_decoders_and_a_killed_run_give_the_same_bytes(
    fork: Path, wavs: Path, whole: tuple[Path, list[list[int]]], tmp_path: Path
) -> None:
    """Takes over 20 s: four starts of the command line, each of whose workers loads torch."""
    expected = files(whole[0])
    run(fork, argv(wavs, tmp_path / "two", "--num-decoders", 3, workers=2))
    assert files(tmp_path / "two") == expected

    names = [f"{name}.wav" for name in STEPS]
    shard_of = dict(zip(names, assign_shards(names, NUM_SHARDS).shard_N.tolist(), strict=True))
    last = max((name for name in names if name != "short.wav"), key=lambda name: shard_of[name])
    hold, killed = tmp_path / "hold", tmp_path / "killed"
    hold.touch()
    words = argv(wavs, killed, "--hold", f"{last.removesuffix('.wav')}={hold}")
    with subprocess.Popen(words, cwd=fork, env=environment_of(fork), stderr=subprocess.PIPE) as process:
        until_s = time.monotonic() + LIMIT_S
        while not list(killed.rglob("done.json")) and time.monotonic() < until_s and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert 1 <= len(list(killed.rglob("done.json"))) < NUM_SHARDS
    hold.unlink()
    run(fork, [sys.executable, "-m", "orchestrator.cli.main", "resume", "--output-root", str(killed), "--workers", "1"])
    assert files(killed) == expected


def test_a_clip_alone_is_itself_within_the_last_digits(
    fork: Path, wavs: Path, whole: tuple[Path, list[list[int]]], tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    run(fork, argv(wavs, tmp_path / "alone", "--batching", "clip", "--journal", journal))
    assert all(len(json.loads(line)) == 1 for line in journal.read_text().splitlines())
    for name in files(whole[0]):
        with np.load(tmp_path / "alone" / name) as alone, np.load(whole[0] / name) as together:
            assert alone["vectors"].shape == together["vectors"].shape == (STEPS[name[0]], 128)
            assert np.abs(alone["vectors"] - together["vectors"]).max() < 2e-5 * alone["vectors"].std()


def test_a_clip_that_ends_the_network_is_found_among_its_neighbours_and_costs_itself(
    fork: Path, wavs: Path, whole: tuple[Path, list[list[int]]], tmp_path: Path
) -> None:
    """Takes over 20 s: the network, and torch with it, is loaded anew whenever it dies."""
    journal = tmp_path / "journal"
    words = argv(wavs, tmp_path / "out", "--deadly-steps", DEADLY, "--journal", journal, num_shards=1)
    answer = run(fork, words)
    assert answer["quarantined"] == 2
    found = {line["key"]: line["reason"] for line in lines(tmp_path / "out", "quarantine.jsonl")}
    assert found == {"b.wav": "CLIP_CRASHED", "short.wav": "TOO_SHORT"}
    batches = [json.loads(line) for line in journal.read_text().splitlines()]
    deadly = [batch for batch in batches if DEADLY in batch]
    # Each of these was tried once more in a fresh process before it was halved.
    assert deadly[0] == deadly[1] and len(deadly[0]) > 1 and deadly[-1] == deadly[-2] == [DEADLY]
    quality = {line["key"]: line["flags"] for line in lines(tmp_path / "out", "quality.jsonl")}
    beside = {steps for steps in deadly[0] if steps != DEADLY}
    assert {key for key, flags in quality.items() if "SPLIT_BATCHES" in flags} == {
        f"{name}.wav" for name, steps in STEPS.items() if steps in beside
    }
    for name, data in files(tmp_path / "out").items():
        with np.load(tmp_path / "out" / name) as one, np.load(whole[0] / name) as other:
            assert data and np.abs(one["vectors"] - other["vectors"]).max() < 2e-5 * other["vectors"].std()
