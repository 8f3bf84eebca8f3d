"""A SyncNet is trained and tested by its commands, on folders of the original's layout, and goes on after a kill."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

LIMIT_S = 240
SETTINGS = ("--resolution", "160", "--width", "0.125", "--batch_size", "8", "--num-threads", "1", "--device", "cpu")


def run(cwd: Path, *words: str, code: int = 0) -> str:
    argv = [sys.executable, "-m", "orchestrator.cli.main", *words]
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == code, (words, done.stdout[-2000:], done.stderr[-3000:])
    return done.stdout if "json" in words else done.stdout + done.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two persons whose mouths are as bright as their sound is loud, as the original's code writes them."""
    root = tmp_path_factory.mktemp("syncnet")
    for seed, name in enumerate(("a", "b")):
        folder = root / "dataset" / name
        (folder / "full_body_img").mkdir(parents=True)
        (folder / "landmarks").mkdir()
        loud = np.random.default_rng(seed).random(80)
        points = np.zeros((110, 2), int)
        points[1], points[31], points[52] = (10, 40), (90, 40), (50, 10)
        for i in range(80):
            frame = np.zeros((100, 100, 3), np.uint8)
            frame[60:80, 35:65] = int(255 * loud[i])
            cv2.imwrite(str(folder / "full_body_img" / f"{i}.jpg"), frame)
            (folder / "landmarks" / f"{i}.lms").write_text("".join(f"{x} {y}\n" for x, y in points))
        np.save(folder / "aud_mel.npy", np.repeat(4 * (loud[:, None] - 0.5), 512, axis=1).astype(np.float32))
    return root


def losses(folder: Path) -> list[float]:
    """Of each step."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if "gradient_norm" in line]


def test_it_is_trained_and_tested_and_two_ranks_begin_as_one_does(place: Path) -> None:
    """Rounding grows from step to step: the norm of a gradient is summed in another order."""
    words = ("train", "talker-syncnet", "--data_root", "dataset", *SETTINGS, "--epochs", "1", "--log-every", "1")
    run(place, *words, "--checkpoint-dir", "one")
    run(place, *words, "--checkpoint-dir", "two", "--num-ranks", "2")
    assert losses(place / "one")[:5] == pytest.approx(losses(place / "two")[:5], abs=1e-4)
    log = (place / "one" / "logs" / "training.log").read_text()
    assert "LITTLE_SPEECH" in log and "val_window_error" in log
    found = json.loads(
        run(place, "test", "talker-syncnet", "--data_root", "dataset", "--checkpoint-dir", "one", "-o", "json")
    )
    assert found["clips"] == ["a", "b"] and 0 <= found["own"]["frames"]["share"] <= 1
    assert (place / "one" / "model.safetensors").is_file()
    assert list((place / "dataset" / "a" / ".visemill").glob("crops-168-*.npy"))


def test_what_is_missing_is_named(place: Path) -> None:
    words = ("train", "talker-syncnet", "--data_root", "dataset", *SETTINGS, "--checkpoint-dir", "none")
    assert "NO_PERSONS" in run(place, *words, "--name", "c", code=78)
    assert "NO_AUDIO_FEATURES" in run(place, *words, "--asr", "ave", code=78)
