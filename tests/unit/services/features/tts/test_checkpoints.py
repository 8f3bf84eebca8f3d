"""Of a user's files the needed tensors alone are taken, strictly, and none of them runs code."""

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from services.base.errors import BadConfig
from services.features.tts.checkpoints import feature_statistics, safe_tensors, voice_tensors

_NAME = "conditioning_encoder.after_norm.weight"
_SHAPES: Mapping[str, tuple[int, ...]] = {_NAME: (4,), "emo_layer.weight": (4, 4)}


def _tensors() -> dict[str, torch.Tensor]:
    return {name: torch.ones(shape) for name, shape in _SHAPES.items()}


def _saved(path: Path, value: Any) -> Path:
    torch.save(value, path)
    return path


@pytest.mark.parametrize("form", ["plain", "nested", "lora", "training", "old format"])
def test_the_forms_of_a_checkpoint(tmp_path: Path, form: str) -> None:
    tensors: dict[str, Any] = {**_tensors(), "gpt.h.0.ln_1.weight": torch.ones(9)}
    if form == "lora":
        tensors = {
            f"base_model.model.{name.replace('.weight', '.base_layer.weight')}": t for name, t in tensors.items()
        }
        tensors["base_model.model.emo_layer.lora_A.default.weight"] = torch.ones(2, 4)
    if form == "training":
        tensors |= {f"inference_model.{_NAME}": torch.zeros(4), "gpt.wte.weight": torch.zeros(3)}
    path = tmp_path / "gpt.pth"
    if form == "old format":
        torch.save(tensors, path, _use_new_zipfile_serialization=False)
    else:
        _saved(path, {"model": tensors, "step": 3} if form == "nested" else tensors)
    loaded = voice_tensors(path, _SHAPES)
    assert loaded.keys() == _SHAPES.keys()
    assert all(bool((tensor == 1).all()) for tensor in loaded.values())


def _without(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in tensors.items() if name != _NAME}


@pytest.mark.parametrize(
    ("content", "reason", "says"),
    [
        (_without(_tensors()), "WEIGHTS_OF_ANOTHER_NETWORK", f"the first {_NAME}"),
        ({**_tensors(), _NAME: torch.ones(5)}, "WEIGHTS_OF_ANOTHER_NETWORK", "not \\(4,\\)"),
        ({**_tensors(), _NAME: torch.full((4,), float("nan"))}, "WEIGHTS_NOT_FINITE", _NAME),
        ({"spk_emb_proj.weight": torch.ones(2)}, "WEIGHTS_OF_ANOTHER_NETWORK", "IndexTTS-2.5"),
        ([1, 2], "WEIGHTS_UNREADABLE", "no state dict"),
    ],
)
def test_another_checkpoint_is_refused_by_name(tmp_path: Path, content: Any, reason: str, says: str) -> None:
    path = _saved(tmp_path / "gpt.pth", content)
    with pytest.raises(BadConfig, match=says) as refused:
        voice_tensors(path, _SHAPES)
    assert refused.value.reason == reason
    assert "gpt.pth" in refused.value.message


class _RunsCode:
    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.witness),)


@pytest.mark.parametrize("kind", ["pickle", "truncated", "empty", "text"])
def test_a_damaged_file_and_a_pickle_that_runs_code_are_refused(tmp_path: Path, kind: str) -> None:
    path, witness = tmp_path / "gpt.pth", tmp_path / "it-ran"
    if kind == "pickle":
        path.write_bytes(pickle.dumps(_RunsCode(witness), protocol=2))
    else:
        whole = _saved(path, _tensors()).read_bytes()
        path.write_bytes({"truncated": whole[: len(whole) // 2], "empty": b"", "text": b"<html>not found</html>"}[kind])
    with pytest.raises(BadConfig) as refused:
        voice_tensors(path, _SHAPES)
    assert refused.value.reason == "WEIGHTS_UNREADABLE"
    assert not witness.exists()
    if kind == "pickle":
        assert "posix.mkdir, which is code and no tensor" in refused.value.message
    assert "weights_only` set to `False`" not in refused.value.detail, "nobody is told to run it"


def test_statistics_are_a_mean_and_a_variance(tmp_path: Path) -> None:
    path = _saved(tmp_path / "stats.pt", {"mean": torch.zeros(3), "var": torch.ones(3)})
    mean_C, var_C = feature_statistics(path, 3)
    assert (mean_C.tolist(), var_C.tolist()) == ([0.0] * 3, [1.0] * 3)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"mean": torch.zeros(3)}, "WEIGHTS_OF_ANOTHER_NETWORK"),
        ({"mean": torch.zeros(2), "var": torch.ones(2)}, "WEIGHTS_OF_ANOTHER_NETWORK"),
        ({"mean": torch.zeros(3), "var": torch.zeros(3)}, "WEIGHTS_DAMAGED"),
        ({"mean": torch.full((3,), float("inf")), "var": torch.ones(3)}, "WEIGHTS_NOT_FINITE"),
    ],
)
def test_other_statistics_are_refused(tmp_path: Path, content: Any, reason: str) -> None:
    with pytest.raises(BadConfig, match="--w2v-stat") as refused:
        feature_statistics(_saved(tmp_path / "stats.pt", content), 3)
    assert refused.value.reason == reason


def test_safetensors_are_taken_by_name_with_or_without_a_prefix(tmp_path: Path) -> None:
    for prefix in ("", "wav2vec2_bert."):
        path = tmp_path / f"{prefix or 'plain'}.safetensors"
        save_file({prefix + name: tensor for name, tensor in {**_tensors(), "more": torch.ones(1)}.items()}, path)
        assert safe_tensors(path, "--w2v-bert", _SHAPES, ("", "wav2vec2_bert.")).keys() == _SHAPES.keys()


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, b"{}"])
def test_another_file_is_no_safetensors(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.safetensors").write_bytes(content)
    with pytest.raises(BadConfig, match="--semantic-codec") as refused:
        safe_tensors(tmp_path / "m.safetensors", "--semantic-codec", _SHAPES)
    assert refused.value.reason == "WEIGHTS_UNREADABLE"
