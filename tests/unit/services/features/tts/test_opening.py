"""Networks are opened from a user's files, strictly, or random and said so."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from services.base.errors import BadConfig
from services.features.runtimes import torch as runtime
from services.features.tts.models import model_files
from services.features.tts.opening import open_extractor, shapes_of
from services.features.tts.spec import SpeechConfig


def _filterbank(num_frames: int = 20) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((num_frames, 160)).astype(np.float32)


def test_features_of_files_are_not_random(tiny_model: Any) -> None:
    (features,) = open_extractor(tiny_model.config())([_filterbank()], ["a"])
    assert not features.is_random
    assert (features.codes_L.shape, features.condition_KD.shape, features.emo_vec_D.shape) == ((20,), (32, 12), (12,))


def test_each_file_decides(tiny_model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    (of_files,) = open_extractor(tiny_model.config())([_filterbank()], ["a"])
    (of_seeds,) = open_extractor(tiny_model.config(gpt_checkpoint=""))([_filterbank()], ["a"])
    assert of_seeds.sources["gpt_checkpoint"] == "seeded:0"
    assert np.array_equal(of_files.codes_L, of_seeds.codes_L)
    assert not np.array_equal(of_files.condition_KD, of_seeds.condition_KD)


def test_random_weights_are_said_loudly(
    tiny_model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    (features,) = open_extractor(SpeechConfig(config=str(tiny_model.folder / "config.yaml"), device="cpu"))(
        [_filterbank()], ["a"]
    )
    assert features.is_random
    assert "gpt_checkpoint, semantic_codec, w2v_bert of random weights" in caplog.text


def test_sizes_are_the_published_ones_where_there_is_no_config() -> None:
    encoder, codec, voice = shapes_of(model_files(SpeechConfig()))
    assert (encoder.hidden_size, encoder.num_layers, codec.codebook_size, voice.model_dim) == (1024, 17, 8192, 1280)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("semantic_codec: {hidden_size: 32}", "semantic features have 16 channels, the codec takes 32"),
        ("semantic_codec: {width: 32}", "width"),
        ("gpt: {model_dim: 12}", "condition_module"),
        ("semantic_codec: 5", "must be a mapping"),
        ("semantic_codec: {downsample_scale: 2}", "of another codec"),
    ],
)
def test_a_config_of_another_model_is_refused(tiny_model: Any, tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / "config.yaml").write_text(
        "w2v_bert: {hidden_size: 16, num_attention_heads: 2, intermediate_size: 24, num_layers: 2}\n" + line + "\n"
    )
    with pytest.raises(BadConfig, match=says) as refused:
        shapes_of(model_files(SpeechConfig(config=str(tmp_path / "config.yaml"))))
    assert refused.value.reason == "BAD_MODEL_CONFIG"


def test_a_checkpoint_of_other_sizes_is_refused_by_its_first_tensor(tiny_model: Any) -> None:
    with pytest.raises(BadConfig, match="--w2v-bert") as refused:
        open_extractor(tiny_model.config(w2v_bert=str(tiny_model.folder / "codec.safetensors")))
    assert refused.value.reason == "WEIGHTS_OF_ANOTHER_NETWORK"


def test_a_gpu_that_is_not_there_is_said_with_a_remedy(tiny_model: Any) -> None:
    with pytest.raises(BadConfig, match="device auto") as refused:
        open_extractor(tiny_model.config(device="cuda"))
    assert refused.value.reason == "NO_GPU"


def test_another_number_format_is_the_encoders_alone(tiny_model: Any) -> None:
    full, half = (open_extractor(tiny_model.config(dtype=dtype)) for dtype in ("float32", "bfloat16"))
    assert half.networks.dtype == torch.bfloat16
    assert next(half.networks.voice.parameters()).dtype == torch.float32
    (one,), (other,) = full([_filterbank()], ["a"]), half([_filterbank()], ["a"])
    assert other.condition_KD.dtype == np.float32
    assert not np.array_equal(one.condition_KD, other.condition_KD)
    # bfloat16 has 8 bits of mantissa; what is far from it is another network.
    assert np.median(np.abs(one.condition_KD - other.condition_KD)) < 0.05 * one.condition_KD.std()


def test_a_mapping_that_is_no_config_is_refused(tmp_path: Path) -> None:
    """A line of a manifest is a mapping in YAML too, and would mean the published sizes."""
    (tmp_path / "clips.jsonl").write_text('{"id": "a", "text": "b", "audio": "c.wav"}\n')
    with pytest.raises(BadConfig, match="neither a section gpt nor a section semantic_codec") as refused:
        shapes_of(model_files(SpeechConfig(config=str(tmp_path / "clips.jsonl"))))
    assert refused.value.reason == "BAD_MODEL_CONFIG"


def test_memory_of_a_long_clip_is_given_back(tiny_model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What glibc would keep of the blocks of a minute of sound is 0.8 GB."""
    called: list[str] = []
    monkeypatch.setattr(runtime, "keep_large_blocks", lambda *_: called.append("kept"))
    open_extractor(tiny_model.config())
    assert not called
    runtime.on_device(tiny_model.config())
    assert called == ["kept"]
