"""A sound goes through the network in pieces of 20 s, and gives two states for each frame of 25 a second."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_hubert import SHAPE, hubert_state, write_hubert

from services.base.errors import BadConfig
from services.features.talker.hubert import extractor
from services.features.talker.hubert.extractor import HubertExtractor, open_hubert
from services.features.talker.hubert.network import Hubert
from services.features.talker.spec import AudioFeaturesConfig


def _config(folder: Path) -> AudioFeaturesConfig:
    return AudioFeaturesConfig(model="hubert", weights=write_hubert(folder), device="cpu")


def _sound(num_samples: int) -> np.ndarray:
    return np.random.default_rng(4).normal(50, 2_000, num_samples).astype(np.int16)


def test_rows_are_pairs_of_states_of_the_sound_of_mean_0_and_variance_1(tmp_path: Path) -> None:
    rows = open_hubert(_config(tmp_path))(_sound(16_640), 25.0, "one")
    assert rows.vectors_TX.shape == (26, 2, 16)
    assert rows.weights.startswith("sha256:") and rows.facts == {"layer": "last_hidden_state"}
    network = Hubert(SHAPE).eval()
    network.load_state_dict(hubert_state())
    sound_T = _sound(16_640) / 32_768
    normal_T = ((sound_T - sound_T.mean()) / np.sqrt(sound_T.var() + 1e-7)).astype(np.float32)
    with torch.inference_mode():
        expected_TD = network(torch.from_numpy(normal_T)[None])[0].numpy()
    states_TD = rows.vectors_TX.reshape(-1, 16)
    np.testing.assert_allclose(states_TD[:51], expected_TD, rtol=0, atol=1e-4)
    assert not states_TD[51].any(), "an odd last one is followed by zeros"


class Places:
    """Each state says where it lies in the sound, which counts up."""

    name, weights = "places", "seeded:0"

    def __init__(self, num_in_flight: int) -> None:
        self.num_in_flight = num_in_flight
        self.heard: list[int] = []

    def __call__(self, items_NX: np.ndarray) -> np.ndarray:
        self.heard.append(items_NX.shape[1])
        return items_NX[:, :, :1]


@pytest.mark.parametrize("num_samples", [640, 32_000, 33_000, 64_080, 64_400])
@pytest.mark.parametrize("num_in_flight", [1, 3])
def test_pieces_meet_without_a_gap(monkeypatch: pytest.MonkeyPatch, num_samples: int, num_in_flight: int) -> None:
    monkeypatch.setattr(extractor, "_PIECE_SAMPLES", 100 * 320)
    monkeypatch.setattr(extractor, "_mean_and_scale", lambda samples_T: (0.0, 1 / 32_768))
    places = Places(num_in_flight)
    rows = HubertExtractor(places)((np.arange(num_samples) // 320).astype(np.int16), 25.0, "one")
    num_states = (num_samples - 80) // 320
    assert rows.vectors_TX.reshape(-1)[:num_states].tolist() == list(range(num_states))
    assert max(places.heard) <= 100


def test_frames_at_another_rate_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="take --fps 25"):
        open_hubert(_config(tmp_path))(_sound(1_280), 30.0, "one")
