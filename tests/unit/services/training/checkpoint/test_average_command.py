"""The mean of checkpoints as a command."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from safetensors import safe_open  # noqa: E402

from services.base.errors import BadConfig  # noqa: E402
from services.training.checkpoint.average_command import average_main  # noqa: E402
from services.training.checkpoint.file import contents, encoded  # noqa: E402
from services.training.checkpoint.progress import Progress  # noqa: E402


def save(folder: Path, epoch: int, value: float, **facts: str) -> Path:
    model = torch.nn.Linear(2, 1)
    torch.nn.init.constant_(model.weight, value)
    fields = contents(model, torch.optim.AdamW(model.parameters()), {}, Progress(), {"recipe": "toy", **facts})
    path = folder / f"checkpoint_epoch_{epoch}.pt"
    path.write_bytes(encoded(fields))
    return path


def test_the_last_epochs_of_a_training_are_averaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for epoch, value in ((2, 99.0), (9, 1.0), (10, 4.0)):
        save(tmp_path, epoch, value, data="d")
    (tmp_path / "best_model.pt").write_bytes(b"of no part in it")
    output = tmp_path / "made" / "averaged.safetensors"
    assert average_main(["--checkpoint-dir", str(tmp_path), "--last-n", "2", "--output", str(output)]) == 0
    with safe_open(output, "pt") as file:
        assert file.metadata() == {"recipe": "toy", "data": "d"}
        assert file.get_tensor("weight").tolist() == [[2.5, 2.5]]
    assert "the mean of 2 checkpoints, checkpoint_epoch_9.pt, checkpoint_epoch_10.pt" in capsys.readouterr().out


def test_files_may_be_named(tmp_path: Path) -> None:
    files = [save(tmp_path, epoch, float(epoch)) for epoch in (1, 3)]
    output = tmp_path / "a.safetensors"
    named = [argument for path in files for argument in ("--checkpoint", str(path))]
    assert average_main([*named, "--output", str(output)]) == 0
    with safe_open(output, "pt") as file:
        assert file.get_tensor("weight").tolist() == [[2.0, 2.0]]


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--checkpoint-dir", "{}", "--last-n", "3"], "NO_CHECKPOINT"),
        (["--checkpoint-dir", "{}", "--last-n", "0"], "NO_CHECKPOINT"),
        (["--checkpoint", "{}/nothing.pt"], "NO_CHECKPOINT"),
        (["--checkpoint", "{}/checkpoint_epoch_1.pt", "--checkpoint", "{}/checkpoint_epoch_2.pt"], "OTHER_TRAINING"),
    ],
)
def test_what_cannot_be_averaged_is_refused(tmp_path: Path, flags: list[str], reason: str) -> None:
    save(tmp_path, 1, 1.0)
    save(tmp_path, 2, 1.0, data="other")
    with pytest.raises(BadConfig) as caught:
        average_main([*(flag.format(tmp_path) for flag in flags), "--output", str(tmp_path / "a.safetensors")])
    assert caught.value.reason == reason
    assert not (tmp_path / "a.safetensors").exists()
