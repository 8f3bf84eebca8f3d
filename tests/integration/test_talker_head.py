"""SyncNet and head by one command on a small folder: the document's files."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from onnx_judges import inception_file  # noqa: E402

LIMIT_S = 240
SMALL = ("--resolution", "160", "--width", "0.125", "--device", "cpu", "--num-threads", "1", "--save_every", "1")


def run(cwd: Path, *words: str, code: int = 0) -> str:
    argv = [sys.executable, "-m", "orchestrator.cli.main", *words]
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == code, (words, done.stdout[-2000:], done.stderr[-3000:])
    return done.stdout if "json" in words else done.stdout + done.stderr


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A person of 50 frames whose mouth is as bright as the sound is loud."""
    folder = tmp_path / "dataset" / "may"
    for name in ("full_body_img", "landmarks"):
        (folder / name).mkdir(parents=True)
    loud, points = np.random.default_rng(1).random(62), np.zeros((110, 2), int)
    points[1], points[31], points[52] = (10, 40), (90, 40), (50, 10)
    for i, level in enumerate(loud):
        frame = np.zeros((100, 100, 3), np.uint8)
        frame[60:80, 35:65] = int(255 * level)
        cv2.imwrite(str(folder / "full_body_img" / f"{i}.jpg"), frame)
        (folder / "landmarks" / f"{i}.lms").write_text("".join(f"{x} {y}\n" for x, y in points))
    np.save(folder / "aud_mel.npy", np.repeat(4 * (loud[:, None] - 0.5), 512, axis=1).astype(np.float32))
    (tmp_path / "consent.json").write_text('{"who": ["may"], "what_for": "a test", "when": "2026-01-02"}')
    return tmp_path


def test_the_documents_command_leaves_its_files(place: Path) -> None:
    """Four commands that load torch: 25 s of a core. Of 2 s nothing is learnt that could be told."""
    words = ("train_328.py", "--name", "may", *SMALL, "--epochs", "1", "--see_res", "--consent", "consent.json")
    said = run(
        place, *words, "--train_syncnet", "--syncnet_epochs", "1", "--syncnet_batch_size", "8", "--force_syncnet"
    )
    syncnet, head = place / "checkpoint" / "syncnet_may", place / "checkpoint" / "may"
    for name in ("1.pth", "checkpoint_latest.pth"):
        assert (syncnet / name).read_bytes() == (syncnet / "syncnet_ckpt" / name).read_bytes()
    for name in ("0.pth", "best_model.pt", "training_log.json", "loss_history.png", "previews/0.png"):
        assert (head / name).is_file(), name
    assert "LITTLE_SPEECH" in said and "(0.0% to 100.0%)" in said and "Vocabulary" not in said
    assert "its own sound" in said and str(syncnet / "training-1" / "best_model.pt") in said
    state = json.loads((place / "dataset" / "may" / ".training_state.json").read_text())
    assert state["main_training"]["checkpoints"] == [str(head / "0.pth")]
    fields = torch.load(syncnet / "checkpoint_latest.pth", weights_only=True)
    assert {"epoch", "model_state_dict", "optimizer_state_dict", "best_loss", "loss_history"} <= set(fields)
    judge = inception_file(place / "inception.onnx")
    tested = json.loads(run(place, "test", "talker", "--name", "may", "--inception-model", judge, "-o", "json"))
    assert tested["follows_db"]["interval"] is None and not tested["follows_sound"]
    assert tested["fid"]["faces"] > 1 and tested["fid"]["weights"] == "sha256:" + "5" * 64
    assert tested["fid"]["distance"].keys() == {"painted", "random", "nearest", "mean"}
