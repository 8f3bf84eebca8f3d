"""A checkpoint is what scripts of PyTorch read, and is read without running anything that it holds."""

import io
import pickle
import sys

import pytest

pytest.importorskip("torch")

import safetensors.torch
import torch
from torch import nn

from services.base.errors import BadConfig
from services.training.checkpoint.file import contents, decoded, encoded, load_weights, require_same, weights_file
from services.training.checkpoint.progress import Progress


@pytest.fixture
def model():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


@pytest.fixture
def optimizer(model):
    found = torch.optim.AdamW(model.parameters(), 0.1)
    model(torch.randn(4, 3)).sum().backward()
    found.step()
    return found


def saved(fields):
    buffer = io.BytesIO()
    torch.save(fields, buffer)
    return buffer.getvalue()


def test_a_copy_is_taken_that_training_does_not_change(model, optimizer):
    fields = contents(model, optimizer, {}, Progress(), {})
    before = fields["model_state_dict"]["0.weight"].clone()
    with torch.no_grad():
        model[0].weight.add_(1)
    assert torch.equal(fields["model_state_dict"]["0.weight"], before)


def test_what_is_written_is_read_again(model, optimizer):
    progress = Progress(epochs_done=2, step=9, val_losses=[3.0, 2.0, 2.5])
    data = encoded(contents(model, optimizer, {"scale": 2.0}, progress, {"recipe": "r"}))
    fields = torch.load(io.BytesIO(data), weights_only=True)
    assert (fields["epoch"], fields["val_loss"], fields["best_val_loss"]) == (1, 2.5, 2.0)
    found = decoded(data)
    assert found.progress == progress and found.facts == {"recipe": "r"} and found.scaler == {"scale": 2.0}
    other = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    load_weights(other, found.model)
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), other.state_dict().values(), strict=True))
    torch.optim.AdamW(other.parameters(), 0.1).load_state_dict(dict(found.optimizer))


def test_a_file_of_a_script_in_dataparallel_is_read(model):
    state = {f"module.{name}": tensor for name, tensor in model.state_dict().items()}
    found = decoded(saved({"epoch": 4, "model_state_dict": state, "optimizer_state_dict": {}, "val_loss": 1.0}))
    assert set(found.model) == set(model.state_dict()) and found.progress.epochs_done == 5 and found.facts == {}


class Runs:
    def __reduce__(self):
        return (exec, ("import sys; sys.has_run = True",))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no checkpoint",
        pickle.dumps(Runs()),
        saved({"model_state_dict": Runs()}),
        saved({"epoch": 1}),
        saved([1]),
        saved({"model_state_dict": {}, "visemill": {"progress": {"unknown": 1}}}),
    ],
)
def test_anything_else_is_refused_and_nothing_is_run(data):
    with pytest.raises(BadConfig) as caught:
        decoded(data)
    assert caught.value.reason == "CHECKPOINT_DAMAGED" and not hasattr(sys, "has_run")


def test_a_file_that_was_cut_is_refused(model, optimizer):
    data = encoded(contents(model, optimizer, {}, Progress(), {}))
    with pytest.raises(BadConfig, match="CHECKPOINT_DAMAGED"):
        decoded(data[: len(data) // 2])


@pytest.mark.parametrize(
    ("name", "reason"),
    [("recipe", "OTHER_RECIPE"), ("vocabulary", "OTHER_VOCABULARY"), ("data", "DATA_CHANGED"), ("x", "OTHER_TRAINING")],
)
def test_what_must_be_the_same_is_named_where_it_is_not(name, reason):
    require_same({name: "a", "more": "b"}, {name: "a"})
    with pytest.raises(BadConfig) as caught:
        require_same({name: "a"}, {name: "b"})
    assert caught.value.reason == reason


def test_weights_of_another_model_are_refused(model):
    with pytest.raises(BadConfig, match=r"OTHER_NETWORK: .* it should have \S+, and .*"):
        load_weights(nn.Linear(3, 2), model.state_dict())


@pytest.mark.parametrize("names", [(), ("recipe",), ("recipé", "asr", "resolution", "width", "seed")])
def test_the_same_weights_and_facts_are_the_same_bytes(model, names, tmp_path):
    """With five facts the order of safetensors itself is another one in all but one of 120 cases."""
    facts = {name: f"of {name}" for name in names}
    made = {weights_file(model.state_dict(), dict(some)) for some in [[*facts.items()], [*facts.items()][::-1]] * 2}
    assert len(made) == 1
    (tmp_path / "weights.safetensors").write_bytes(made.pop())
    with safetensors.safe_open(tmp_path / "weights.safetensors", "pt") as opened:
        assert (opened.metadata() or {}) == facts
        assert all(torch.equal(opened.get_tensor(name), tensor) for name, tensor in model.state_dict().items())


def test_weights_alone_are_safetensors(model):
    found = safetensors.torch.load(weights_file(model.state_dict(), {"recipe": "r"}))
    assert torch.equal(found["0.weight"], model.state_dict()["0.weight"])
