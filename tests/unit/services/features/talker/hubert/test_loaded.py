"""Weights are read under the names of either time, and another network is refused; steps are a sound again."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_hubert import SHAPE, hubert_state, write_hubert

from services.base.errors import BadConfig
from services.features.talker.hubert.loaded import HubertOfSteps, graph_of_steps, open_torch_hubert
from services.features.talker.hubert.network import Hubert
from services.features.talker.hubert.steps import steps_of
from services.features.talker.spec import AudioFeaturesConfig

STEPS = np.random.default_rng(4).standard_normal((1, 9, 400)).astype(np.float32)


def _config(weights: str) -> AudioFeaturesConfig:
    return AudioFeaturesConfig(model="hubert", weights=weights, device="cpu")


@pytest.mark.parametrize("prefix", ["", "hubert."])
def test_names_of_either_time_are_read(tmp_path: Path, prefix: str) -> None:
    new = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
    renamed = {}
    for name, tensor in hubert_state().items():
        stem, _, last = name.rpartition(".")
        renamed[f"{prefix}{stem}.{new.get(last, last)}"] = tensor
    found, expected = (
        open_torch_hubert(_config(weights))(STEPS)
        for weights in (write_hubert(tmp_path / "new", renamed), write_hubert(tmp_path / "old"))
    )
    np.testing.assert_array_equal(found, expected)


def test_the_network_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="do_stable_layer_norm False is of another network than hubert-large"):
        graph_of_steps(_config(write_hubert(tmp_path, do_stable_layer_norm=False)))
    with pytest.raises(BadConfig, match="lacks"):
        graph_of_steps(_config(write_hubert(tmp_path, num_hidden_layers=2)))


@pytest.mark.parametrize("num_samples", [400, 719, 720, 3_300])
def test_states_of_steps_are_those_of_their_sound(num_samples: int) -> None:
    network = Hubert(SHAPE).eval()
    network.load_state_dict(hubert_state())
    sound_T = np.random.default_rng(1).standard_normal(num_samples).astype(np.float32)
    with torch.inference_mode():
        expected_NTD = network(torch.from_numpy(sound_T)[None])
        found_NTD = HubertOfSteps(network)(torch.from_numpy(steps_of(sound_T))[None])
    assert torch.allclose(found_NTD, expected_NTD, rtol=0, atol=1e-5)
