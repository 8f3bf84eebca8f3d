"""The document of the Chinese-LiPS trainer, command by command, on a small data set of its layout."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from lips_data import LipsExample, write_lips

torch = pytest.importorskip("torch")

from services.training.recipes.chinese_lips_lstm.entry_points import KIND  # noqa: E402
from services.training.recipes.lips.trained import open_trained  # noqa: E402

LIMIT_S = 240
YAML = """
batch_size: 4
learning_rate: 2e-3
num_epochs: 2
hidden_dim: 32
num_heads: 2
frame_height: 32
frame_width: 32
accumulation_steps: 1
warmup_epochs: 1
save_every: 1
num_threads: 1
"""
SAID = ("我们旨在", "搭建一个", "交流思想", "碰撞火花", "的平台", "我们的")


def run(cwd: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator.cli.main", *words],
        cwd=cwd, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == code, (words, done.stdout[-2000:], done.stderr[-3000:])
    return done.stdout if "json" in words else done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set as if it were the licensed one, and a file of settings."""
    root = tmp_path_factory.mktemp("chinese-lips")
    train = [LipsExample(f"{who}_20_M_KJ_{i:03d}", text[who - 1 :]) for who in (1, 2) for i, text in enumerate(SAID)]
    write_lips(
        root / "Chinese-LiPS",
        {
            "train": train,
            "valid": [LipsExample("3_20_F_LY_000", "在旨们我")],
            "test": [LipsExample("4_20_F_LY_000", "旨在")],
        },
        licensed=True,
    )
    (root / "config.yaml").write_text(YAML)
    return root


@pytest.fixture(scope="module")
def trained(folder: Path) -> Path:
    """Trained with the commands of the document; the licence is asked first."""
    words = ["train", "chinese-lips", "--config", "config.yaml", "--data_root", "./Chinese-LiPS"]
    assert "LICENCE_NOT_ATTESTED" in run(folder, *words, code=78)
    said = run(folder, *words, "--checkpoint_dir", "./checkpoints", "--num_workers", "1", "--accept_licence")
    assert "Epoch 0: train_loss=" in said and "Epoch 1: val_loss=" in said
    return folder / "checkpoints"


def test_stats_tell_what_there_is(folder: Path) -> None:
    found = json.loads(run(folder, "stats", "chinese-lips", "--data_root", "./Chinese-LiPS", "-o", "json"))
    assert {name: one["clips"] for name, one in found["splits"].items()} == {"train": 12, "val": 1, "test": 1}
    assert found["splits"]["train"]["topics"] == {"KJ": 12}
    assert found["vocabulary"] == len(set("".join(SAID)))


def test_results_are_the_documents_files(trained: Path) -> None:
    files = {path.name for path in trained.iterdir()}
    assert files >= {
        *("config.yaml", "tokenizer.json", "best_model.pt", "checkpoint_epoch_1.pt", "checkpoint_epoch_2.pt"),
        *("logs", "DATA_LICENCE.txt"),
    }
    log = (trained / "logs/training.log").read_text()
    for line in ("Train samples: 12", "Val samples: 1", "Vocabulary size: 23", "Total parameters: "):
        assert f" - INFO - {line}" in log
    tokenizer = json.loads((trained / "tokenizer.json").read_text())
    assert tokenizer["vocab_size"] == 23 and tokenizer["char2idx"]["<eos>"] == 2
    checkpoint = torch.load(trained / "checkpoint_epoch_2.pt", weights_only=True)
    assert checkpoint.keys() >= {
        *("epoch", "model_state_dict", "optimizer_state_dict", "scheduler_state_dict", "scaler_state_dict"),
        *("val_loss", "best_val_loss"),
    }
    assert checkpoint["epoch"] == 1


def test_it_is_tested_as_the_document_prints_it(folder: Path, trained: Path) -> None:
    words = ["test", "chinese-lips", "--data_root", "./Chinese-LiPS", "--checkpoint_dir", "./checkpoints"]
    said = run(folder, *words, "--checkpoint", "./checkpoints/best_model.pt", "--normalization", "zh")
    for line in (
        "Example 1:\nGround truth: 旨在\nPredicted: ",
        "Average CER: ",
        "Average Accuracy: ",
        "normalisation zh",
    ):
        assert line in said
    assert "WER" not in said, "a Chinese text is one word"
    assert (trained / "tests/test/test.html").is_file()


def test_it_reads_a_clip(folder: Path, trained: Path) -> None:
    video = "Chinese-LiPS/processed_test/x/4_20_F_LY_000_FACE.mp4"
    words = ["inference", "chinese-lips", "--video_path", video, "--checkpoint_dir", "./checkpoints"]
    found = json.loads(run(folder, *words, "--ground_truth", "旨在", "-o", "json"))
    assert found["frames"] == 10 and found["ground_truth"] == "旨在"


def test_it_is_exported_as_one_file_whose_loop_its_user_writes(folder: Path, trained: Path) -> None:
    run(folder, "export", "chinese-lips", "--checkpoint_dir", "./checkpoints", "--onnx", "lipreading.onnx")
    session = onnxruntime.InferenceSession(str(folder / "lipreading.onnx"), providers=["CPUExecutionProvider"])
    video = np.random.default_rng(1).random((1, 1, 75, 32, 32), np.float32)
    model, ids = open_trained(KIND, str(trained / "best_model.pt")).network(), [1]
    for _ in range(4):
        inputs = {"video": video, "lengths": np.array([75]), "ids": np.array([ids])}
        (logits_BLV,) = session.run(["logits"], inputs)
        assert logits_BLV.shape == (1, len(ids), 23)
        ids.append(int(logits_BLV[0, -1].argmax()))
    assert model.read(torch.from_numpy(video[:, 0]), torch.tensor([75]), 4)[0].tolist() == ids[1:]


def test_a_file_of_the_original_trainer_is_gone_on_with_and_tested(folder: Path, trained: Path) -> None:
    """Written by what knows the dictionary of the document alone, of a model in DataParallel, counted from 0."""
    ours = torch.load(trained / "checkpoint_epoch_1.pt", weights_only=True)
    theirs = {
        name: ours[name] for name in ("optimizer_state_dict", "scheduler_state_dict", "val_loss", "best_val_loss")
    }
    weights = {f"module.{name}": value for name, value in ours["model_state_dict"].items()}
    buffer = io.BytesIO()
    torch.save({"epoch": 0, "model_state_dict": weights, **theirs}, buffer)
    old = folder / "old"
    old.mkdir()
    (old / "checkpoint_epoch_0.pt").write_bytes(buffer.getvalue())
    for name in ("config.yaml", "tokenizer.json"):
        (old / name).write_bytes((trained / name).read_bytes())
    assert open_trained(KIND, str(old / "checkpoint_epoch_0.pt")).tokenizer.vocabulary_size == 23
    words = ["train", "chinese-lips", "--config", "config.yaml", "--data_root", "./Chinese-LiPS", "--accept_licence"]
    said = run(folder, *words, "--checkpoint_dir", "more", "--resume", "./old/checkpoint_epoch_0.pt")
    assert "Epoch 1: train_loss=" in said and "Epoch 0: train_loss=" not in said
    assert torch.load(folder / "more/checkpoint_epoch_2.pt", weights_only=True)["epoch"] == 1


def test_the_same_command_again_has_nothing_to_do_and_another_is_refused(folder: Path, trained: Path) -> None:
    words = ["train", "chinese-lips", "--config", "config.yaml", "--data_root", "./Chinese-LiPS", "--num_workers", "1"]
    assert json.loads(run(folder, *words, "-o", "json"))["nothing_to_do"]
    assert "OTHER_RUN" in run(folder, *words, "--compat", "seed", code=78)
    assert "did you mean" in run(folder, *words, "--hidden_dims", "3", code=64)
