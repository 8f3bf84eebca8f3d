"""Of torchvision's checkpoint what is needed is kept, and anything else is refused."""

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig  # noqa: E402
from services.training.checkpoint.vgg19_file import convert, main, vgg19_of  # noqa: E402
from services.training.talker.networks.vgg19 import Vgg19Start  # noqa: E402


@pytest.fixture
def tensors() -> dict[str, Any]:
    """As in torchvision's file: layers behind those that are needed, and a classifier."""
    torch.manual_seed(3)
    return {
        **Vgg19Start().state_dict(),
        "features.16.weight": torch.zeros(256, 256, 3, 3),
        "classifier.0.bias": torch.zeros(8),
    }


def saved(path: Path, what: Any) -> Path:
    torch.save(what, path)
    return path


def test_a_checkpoint_is_pruned_to_what_is_needed_the_same_bytes_each_time(
    tensors: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = saved(tmp_path / "vgg19.pth", tensors)
    made = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    assert main(["--output=json", "vgg19", "--out", str(made[0]), "--", str(checkpoint)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["num_parameters"] == 1_735_488
    assert facts["sha256"] == hashlib.sha256(made[0].read_bytes()).hexdigest() == convert(checkpoint, made[1])["sha256"]
    network = vgg19_of(str(made[0]))
    assert not network.training and not any(value.requires_grad for value in network.parameters())
    assert all(torch.equal(value, tensors[name]) for name, value in network.state_dict().items())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.safetensors", "b.safetensors", "vgg19.pth"]


class Harm:
    def __reduce__(self) -> Any:
        return (print, ("harm",))


def test_anything_else_is_refused_and_nothing_is_written(
    tensors: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "harm.pth").write_bytes(pickle.dumps(Harm()))
    out, first = tmp_path / "made.safetensors", "features.0.weight"
    for what, says in (
        ([1], "lacks features.0.weight"),
        ({**tensors, first: torch.zeros(3)}, "in another shape"),
        ({**tensors, first: tensors[first] * torch.nan}, "not finite"),
    ):
        with pytest.raises(BadConfig, match=says):
            convert(saved(tmp_path / "other.pth", what), out)
    for file in ("harm.pth", "none.pth"):
        assert main(["vgg19", "--out", str(out), str(tmp_path / file)]) == 78
        assert "CHECKPOINT_UNREADABLE" in (said := capsys.readouterr().err) and "harm\n" not in said
    assert not out.exists()
    with pytest.raises(BadConfig, match="NO_CHECKPOINT"):
        vgg19_of(str(out))
    out.write_bytes(b"no weights")
    with pytest.raises(BadConfig, match="CHECKPOINT_DAMAGED"):
        vgg19_of(str(out))
