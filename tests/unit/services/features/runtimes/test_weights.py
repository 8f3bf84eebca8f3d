"""Weights from a user's file, checked before use; seeded ones where there is none, said loudly."""

import hashlib
import logging
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny_speech import write_config

from services.base.errors import BadConfig
from services.features.runtimes.weights import load_weights, seeded_weights, without_weights
from services.features.spec import FeaturesConfig

ROOT = Path(__file__).resolve().parents[5]
SHAPES = {"a.conv.weight": (8, 3, 3, 3), "a.bn.weight": (8,), "a.bn.bias": (8,), "a.bn.num_batches_tracked": ()}


def saved(folder: Path, state: object, name: str = "weights.pth") -> Path:
    path = folder / name
    torch.save(state, path)
    return path


def state() -> dict[str, torch.Tensor]:
    return {name: torch.rand(shape) for name, shape in SHAPES.items()}


def test_a_file_is_loaded_and_named_by_its_digest(tmp_path: Path) -> None:
    expected = state()
    path = saved(tmp_path, expected)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    loaded, name = load_weights(FeaturesConfig(weights=str(path), weights_sha256=digest), SHAPES)
    assert name == f"sha256:{digest}"
    assert all(torch.equal(loaded[key], expected[key]) for key in SHAPES)


def test_a_file_that_runs_code_is_not_loaded(tmp_path: Path) -> None:
    class Attack:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "owned",))  # type: ignore[return-value]

    (tmp_path / "attack.pth").write_bytes(pickle.dumps(Attack()))
    saved(tmp_path, {"a": Attack()}, "zipped.pth")
    for name in ("attack.pth", "zipped.pth"):
        with pytest.raises(BadConfig, match="WEIGHTS_UNREADABLE"):
            load_weights(FeaturesConfig(weights=str(tmp_path / name)), SHAPES)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("data", [b"", b"not a file of torch", b"PK\x03\x04 a torn archive"])
def test_a_damaged_file_is_said_to_be_one(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "weights.pth").write_bytes(data)
    with pytest.raises(BadConfig, match="WEIGHTS_UNREADABLE"):
        load_weights(FeaturesConfig(weights=str(tmp_path / "weights.pth")), SHAPES)


def test_a_whole_model_instead_of_a_state_dict_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, [torch.zeros(1)])
    with pytest.raises(BadConfig, match="no state dict"):
        load_weights(FeaturesConfig(weights=str(path)), SHAPES)


def test_another_networks_weights_are_refused_by_name_and_shape(tmp_path: Path) -> None:
    wrong = state()
    wrong["a.bn.bias"] = torch.zeros(9)
    wrong["head.weight"] = wrong.pop("a.conv.weight")
    path = saved(tmp_path, wrong)
    with pytest.raises(BadConfig, match=r"WEIGHTS_OF_ANOTHER_NETWORK.*3 of 4.*a\.bn\.bias: \(9,\), not \(8,\)"):
        load_weights(FeaturesConfig(weights=str(path)), SHAPES)


def test_a_file_from_before_norms_counted_batches_is_loaded(tmp_path: Path) -> None:
    old = state()
    del old["a.bn.num_batches_tracked"]
    loaded, _ = load_weights(FeaturesConfig(weights=str(saved(tmp_path, old))), SHAPES)
    assert loaded["a.bn.num_batches_tracked"] == 0
    assert torch.equal(loaded["a.bn.bias"], old["a.bn.bias"])


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    diverged = state()
    diverged["a.bn.bias"][3] = float("nan")
    with pytest.raises(BadConfig, match=r"WEIGHTS_NOT_FINITE.*a\.bn\.bias"):
        load_weights(FeaturesConfig(weights=str(saved(tmp_path, diverged))), SHAPES)


def test_a_name_that_promises_a_digest_is_held_to_it(tmp_path: Path) -> None:
    path = saved(tmp_path, state(), "inception_v3_google-0cc3c7bd.pth")
    with pytest.raises(BadConfig, match=r"WEIGHTS_DAMAGED.*0cc3c7bd.*download it again"):
        load_weights(FeaturesConfig(weights=str(path)), SHAPES)


def test_a_digest_without_a_file_is_not_answered_with_random_weights() -> None:
    with pytest.raises(BadConfig, match="WEIGHTS_MISSING"):
        load_weights(FeaturesConfig(weights_sha256="0" * 64), SHAPES)


def test_random_weights_are_said_loudly(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        _, name = load_weights(FeaturesConfig(seed=3), SHAPES)
    assert name == "seeded:3"
    assert "random weights (seed 3)" in caplog.text


def test_seeded_weights_are_a_function_of_seed_and_name() -> None:
    one, again, other = seeded_weights(0, SHAPES), seeded_weights(0, SHAPES), seeded_weights(1, SHAPES)
    key = "a.conv.weight"
    assert torch.equal(one[key], again[key])
    assert not torch.equal(one[key], other[key])
    digest = hashlib.sha256(one[key].numpy().tobytes()).hexdigest()
    assert digest.startswith("3f98c555"), "seeded vectors of earlier runs would change"


def test_seeded_weights_keep_the_scale_of_what_goes_through() -> None:
    weight = seeded_weights(0, {"conv.weight": (64, 32, 3, 3)})["conv.weight"]
    assert weight.var().item() == pytest.approx(2 / (32 * 9), rel=0.02)
    assert abs(weight.mean().item()) < 1e-3


def test_without_weights_there_are_shapes_and_nothing_is_drawn() -> None:
    before = torch.get_rng_state()
    with without_weights():
        network = torch.nn.Sequential(torch.nn.Embedding(4, 3), torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    assert shapes["0.weight"] == (4, 3) and all(tensor.is_meta for tensor in network.state_dict().values())
    assert torch.equal(torch.get_rng_state(), before)
    network.load_state_dict(seeded_weights(1, shapes), strict=True, assign=True)
    assert network(torch.tensor([3])).isfinite().all()
    assert not torch.nn.Linear(3, 2).weight.is_meta


def test_a_network_of_speech_is_opened_without_the_compiler(tmp_path: Path) -> None:
    """In a process of its own: this one may have compiled something."""
    config = write_config(tmp_path)
    program = (
        "import sys\n"
        "from services.features.tts.opening import open_networks\n"
        "from services.features.tts.spec import SpeechConfig\n"
        f"open_networks(SpeechConfig(config={str(config)!r}, device='cpu'))\n"
        "sys.exit('torch._dynamo' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
