"""A training begins at a file of another: of ours, or of a script that knows the dictionary alone."""

import io
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig  # noqa: E402
from services.training.checkpoint.beginning import begun_from  # noqa: E402


def trained() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(1)
    model = torch.nn.Linear(2, 3)
    optimizer = torch.optim.AdamW(model.parameters(), 0.1)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return model, optimizer


def scripts_file(path: Path, prefix: str = "", **fields: object) -> str:
    """As a script that knows nothing of us writes it, of a model in DataParallel where there is a prefix."""
    model, optimizer = trained()
    buffer = io.BytesIO()
    weights = {f"{prefix}{name}": value for name, value in model.state_dict().items()}
    known = {"epoch": 4, "model_state_dict": weights, "optimizer_state_dict": optimizer.state_dict(), **fields}
    torch.save({**known, "scheduler_state_dict": {}, "val_loss": 1.0, "best_val_loss": 1.0}, buffer)
    path.write_bytes(buffer.getvalue())
    return str(path)


@pytest.mark.parametrize("prefix", ["", "module."])
def test_it_goes_on_with_the_epoch_behind(tmp_path: Path, prefix: str) -> None:
    file = scripts_file(tmp_path / "checkpoint_epoch_4.pt", prefix)
    model = torch.nn.Linear(2, 3)
    optimizer = torch.optim.AdamW(model.parameters(), 0.1)
    progress = begun_from(file, 10, model, optimizer, lambda scaler: None, {})
    assert (progress.epochs_done, progress.step, progress.epoch_steps) == (5, 0, [0] * 5)
    assert torch.equal(model.weight, trained()[0].weight)
    assert optimizer.state_dict()["state"][0]["step"] == 1


def test_an_optimiser_of_another_kind_begins_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = scripts_file(tmp_path / "a.pt", optimizer_state_dict={"state": {}, "param_groups": []})
    model = torch.nn.Linear(2, 3)
    begun_from(file, 10, model, torch.optim.AdamW(model.parameters(), 0.1), lambda scaler: None, {})
    assert "begins anew" in caplog.text


def test_weights_alone_begin_with_the_first_epoch(tmp_path: Path) -> None:
    file = scripts_file(tmp_path / "a.pt", optimizer_state_dict={})
    model = torch.nn.Linear(2, 3)
    progress = begun_from(file, 1, model, torch.optim.AdamW(model.parameters()), lambda scaler: None, {})
    assert progress.epochs_done == 0
    assert torch.equal(model.weight, trained()[0].weight)


@pytest.mark.parametrize(
    ("num_epochs", "size", "reason"), [(5, 3, "ALL_EPOCHS_DONE"), (9, 4, "OTHER_NETWORK"), (9, 3, "")]
)
def test_what_cannot_be_gone_on_with_is_refused(tmp_path: Path, num_epochs: int, size: int, reason: str) -> None:
    file = scripts_file(tmp_path / "a.pt")
    model = torch.nn.Linear(2, size)

    def begin() -> None:
        begun_from(file, num_epochs, model, torch.optim.AdamW(model.parameters()), lambda scaler: None, {})

    if not reason:
        begin()
        return
    with pytest.raises(BadConfig, match=reason):
        begin()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("recipe", "OTHER_RECIPE"),
        ("asr", "OTHER_ASR"),
        ("resolution", "OTHER_RESOLUTION"),
        ("width", "OTHER_NETWORK"),
        ("data", ""),
    ],
)
def test_a_file_that_says_it_is_of_another_network_is_refused_though_it_fits(
    tmp_path: Path, name: str, reason: str
) -> None:
    """Features of two models may have one shape. Other data are what it is for."""
    progress = {"version": 1, "progress": {"epochs_done": 1}, "facts": {name: "a"}}
    file = scripts_file(tmp_path / "a.pt", visemill=progress)
    model = torch.nn.Linear(2, 3)
    known = (model, torch.optim.AdamW(model.parameters()), lambda scaler: None)
    assert begun_from(file, 9, *known, {name: "a", "seed": "1"}).epochs_done == 1
    if not reason:
        begun_from(file, 9, *known, {name: "b"})
        return
    with pytest.raises(BadConfig, match=rf"{reason}: .*a\.pt: the checkpoint is of {name} 'a'.* of 'b'"):
        begun_from(file, 9, *known, {name: "b"})
