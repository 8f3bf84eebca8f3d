"""A sound goes through the network in pieces of 20 s, and gives two states for each frame of 25 a second."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from services.base.errors import BadConfig
from services.features.runtimes.weights import seeded_weights
from services.features.talker.hubert import extractor
from services.features.talker.hubert.extractor import HubertExtractor, open_hubert
from services.features.talker.hubert.network import Hubert, HubertShape
from services.features.talker.spec import AudioFeaturesConfig

SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": [8] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "do_stable_layer_norm": True,
    "feat_extract_norm": "layer",
}


def _state() -> dict[str, torch.Tensor]:
    shapes = Hubert(HubertShape(16, 1, 2, 32, 8, 16, 2)).state_dict()
    return seeded_weights(5, {name: tuple(tensor.shape) for name, tensor in shapes.items()})


def _folder(path: Path, state: dict[str, torch.Tensor], **sizes: object) -> AudioFeaturesConfig:
    torch.save(state, path / "pytorch_model.bin")
    (path / "config.json").write_text(json.dumps({**SIZES, **sizes}))
    return AudioFeaturesConfig(model="hubert", weights=str(path), device="cpu")


def _sound(num_samples: int) -> np.ndarray:
    return np.random.default_rng(4).normal(50, 2_000, num_samples).astype(np.int16)


def test_rows_are_pairs_of_states_of_the_sound_of_mean_0_and_variance_1(tmp_path: Path) -> None:
    rows = open_hubert(_folder(tmp_path, _state()))(_sound(16_640), 25.0, "one")
    assert rows.vectors_TX.shape == (26, 2, 16)
    assert rows.weights.startswith("sha256:") and rows.facts == {"layer": "last_hidden_state"}
    network = Hubert(HubertShape(16, 1, 2, 32, 8, 16, 2)).eval()
    network.load_state_dict(_state())
    sound_T = _sound(16_640) / 32_768
    normal_T = ((sound_T - sound_T.mean()) / np.sqrt(sound_T.var() + 1e-7)).astype(np.float32)
    with torch.inference_mode():
        expected_TD = network(torch.from_numpy(normal_T)[None])[0].numpy()
    states_TD = rows.vectors_TX.reshape(-1, 16)
    np.testing.assert_allclose(states_TD[:51], expected_TD, rtol=0, atol=1e-4)
    assert not states_TD[51].any(), "an odd last one is followed by zeros"


@pytest.mark.parametrize("num_samples", [640, 32_000, 33_000, 64_080, 64_400])
def test_pieces_meet_without_a_gap(monkeypatch: pytest.MonkeyPatch, num_samples: int) -> None:
    heard: list[int] = []

    class Counting(torch.nn.Module):
        def forward(self, samples_NS: torch.Tensor) -> torch.Tensor:
            """Each state says where it lies in the sound, which counts up."""
            heard.append(samples_NS.shape[1])
            return samples_NS.unfold(1, 400, 320)[:, :, :1]

    monkeypatch.setattr(extractor, "_PIECE_SAMPLES", 100 * 320)
    monkeypatch.setattr(extractor, "_mean_and_scale", lambda samples_T: (0.0, 1 / 32_768))
    made = HubertExtractor(Counting(), "seeded:0", torch.device("cpu"))
    rows = made((np.arange(num_samples) // 320).astype(np.int16), 25.0, "one")
    num_states = (num_samples - 80) // 320
    assert rows.vectors_TX.reshape(-1)[:num_states].tolist() == list(range(num_states))
    assert max(heard) <= 100 * 320 + 80


@pytest.mark.parametrize("prefix", ["", "hubert."])
def test_names_of_either_time_are_read(tmp_path: Path, prefix: str) -> None:
    (tmp_path / "old").mkdir()
    new = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
    renamed = {}
    for name, tensor in _state().items():
        stem, _, last = name.rpartition(".")
        renamed[f"{prefix}{stem}.{new.get(last, last)}"] = tensor
    (found, expected) = (
        open_hubert(_folder(folder, state))(_sound(1_280), 25.0, "one").vectors_TX
        for folder, state in ((tmp_path, renamed), (tmp_path / "old", _state()))
    )
    np.testing.assert_array_equal(found, expected)


def test_the_network_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="do_stable_layer_norm False is of another network than hubert-large"):
        open_hubert(_folder(tmp_path, _state(), do_stable_layer_norm=False))
    with pytest.raises(BadConfig, match="lacks"):
        open_hubert(_folder(tmp_path, _state(), num_hidden_layers=2))


def test_frames_at_another_rate_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="take --fps 25"):
        open_hubert(_folder(tmp_path, _state()))(_sound(1_280), 30.0, "one")
