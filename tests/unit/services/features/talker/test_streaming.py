"""Rows come while the sound comes, and are those of the whole sound whatever its pieces were."""

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from services.base.errors import BadConfig
from services.features.talker.extractors import averaged_mel, open_ave
from services.features.talker.spec import AudioFeaturesConfig
from services.features.talker.streaming import open_streamed


def _sound(num_samples: int) -> np.ndarray:
    return np.random.default_rng(2).normal(0, 2_000, num_samples).astype(np.int16)


def _in_pieces(sound_T: np.ndarray, size: int) -> list[np.ndarray]:
    return np.split(sound_T, range(size, len(sound_T), size))


@pytest.mark.parametrize("fps", [25.0, 30.0])
@pytest.mark.parametrize(("num_samples", "size"), [(1, 1), (2_999, 70), (16_000, 37), (48_123, 640), (48_123, 40_000)])
def test_rows_of_the_spectrogram_are_those_of_the_whole_to_the_bit(num_samples: int, size: int, fps: float) -> None:
    streamed = open_streamed(AudioFeaturesConfig(model="mel"))
    rows_TX = np.concatenate(list(streamed(_in_pieces(_sound(num_samples), size), fps)))
    np.testing.assert_array_equal(rows_TX, averaged_mel(_sound(num_samples), fps, "whole").vectors_TX)


def test_rows_of_the_network_are_those_of_the_sound_alone_and_near_those_of_batches() -> None:
    config = AudioFeaturesConfig(device="cpu")
    streamed = open_streamed(config)
    made_TX, again_TX = (
        np.concatenate(list(streamed(_in_pieces(_sound(16_000), size), 25.0))) for size in (500, 16_000)
    )
    np.testing.assert_array_equal(made_TX, again_TX)
    whole_TX = open_ave(config)(_sound(16_000), 25.0, "whole").vectors_TX
    assert made_TX.shape == whole_TX.shape == (24, 512)
    np.testing.assert_allclose(made_TX, whole_TX, rtol=0, atol=1e-4 * whole_TX.std())


def test_the_row_7_frames_ahead_is_there_when_less_than_half_a_second_is() -> None:
    num_pushed = 0

    def one_by_one() -> Iterator[np.ndarray]:
        nonlocal num_pushed
        for sample_1 in np.split(_sound(20_000), 20_000):
            num_pushed += 1
            yield sample_1

    num_rows, waited_s = 0, []
    for piece_NX in open_streamed(AudioFeaturesConfig(model="mel"))(one_by_one(), 25.0):
        num_rows += len(piece_NX)
        if num_rows >= 8 and num_pushed < 20_000:
            waited_s.append(num_pushed / 16_000 - (num_rows - 8) / 25)
    assert max(waited_s) == 0.4525


def test_what_is_held_does_not_grow_with_the_sound() -> None:
    rows = open_streamed(AudioFeaturesConfig(model="mel"))((_sound(16_000) for _ in range(60)), 25.0)
    next(rows)
    tracemalloc.start()
    try:
        assert sum(len(piece_NX) for piece_NX in rows) > 1_400
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("model", "why"), [("hubert", "loudness of all"), ("wenet", "whole sounds")])
def test_models_that_need_the_whole_sound_are_refused(model: str, why: str) -> None:
    with pytest.raises(BadConfig, match=f"NOT_STREAMED: .*{why}"):
        open_streamed(AudioFeaturesConfig(model=model))
