"""Sounds become rows: of the spectrogram itself, or by the network, in batches that the sound alone decides."""

import numpy as np
import pytest

from services.features.opening import open_model
from services.features.spec import FeaturesConfig
from services.features.talker.extractors import averaged_mel, in_batches, open_ave, windows_of
from services.features.talker.spec import AudioFeaturesConfig


def _sound(duration_s: float) -> np.ndarray:
    return np.random.default_rng(2).normal(0, 2_000, round(16_000 * duration_s)).astype(np.int16)


def test_rows_of_the_network_are_those_of_its_windows_with_the_ends_twice() -> None:
    rows = open_ave(AudioFeaturesConfig(device="cpu", batch_size=8))(_sound(2), 25.0, "one")
    assert (rows.vectors_TX.shape, rows.weights, rows.facts) == ((49, 512), "seeded:0", {})
    windows_NBT = np.concatenate(list(windows_of([_sound(2)], 25.0)))
    alone_ND = open_model(FeaturesConfig(model="ave", device="cpu"), "windows")(windows_NBT[10:11, None])
    np.testing.assert_allclose(rows.vectors_TX[11], alone_ND[0], rtol=0, atol=1e-3 * rows.vectors_TX.std())
    np.testing.assert_array_equal(rows.vectors_TX[[0, -1]], rows.vectors_TX[[1, -2]])


def test_the_spectrogram_has_as_many_rows_and_no_weights() -> None:
    rows = averaged_mel(_sound(2), 25.0, "one")
    assert (rows.vectors_TX.shape, rows.weights) == ((49, 512), "")
    assert -4 <= rows.vectors_TX.min() < rows.vectors_TX.max() <= 4


@pytest.mark.parametrize("num_samples", [1, 640, 2_999])
def test_a_sound_shorter_than_a_window_is_followed_by_silence(num_samples: int) -> None:
    assert averaged_mel(_sound(1)[:num_samples], 25.0, "one").vectors_TX.shape == (4, 512)


@pytest.mark.parametrize("sizes", [[1, 9, 3], [13], [4, 4, 4, 1]])
def test_batches_hold_as_many_as_they_can_whatever_comes(sizes: list[int]) -> None:
    ends = np.cumsum(sizes)
    pieces = np.split(np.arange(13, dtype=np.float32), ends[:-1])
    assert [batch.tolist() for batch in in_batches(pieces, 5)] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12]]
