"""The spectrogram has 80 rows a second, tells pitch and loudness, and is the same whatever pieces it is made in."""

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from services.features.talker.mel import least_samples, mel_rows, num_rows


def _rows(samples_T: np.ndarray) -> np.ndarray:
    return np.concatenate(list(mel_rows([samples_T])))


def _noise(num_samples: int) -> np.ndarray:
    return np.random.default_rng(5).normal(0, 3_000, num_samples).astype(np.int16)


@pytest.mark.parametrize(("num_samples", "rows"), [(1, 1), (199, 1), (200, 2), (32_000, 161), (160_000, 801)])
def test_there_is_a_row_every_200_samples(num_samples: int, rows: int) -> None:
    assert num_rows(num_samples) == rows == len(_rows(_noise(num_samples)))
    assert num_rows(least_samples(rows)) == rows


@pytest.mark.parametrize("samples_a_piece", [1, 199, 1_401, 20_000])
def test_pieces_together_are_the_whole_to_the_bit(samples_a_piece: int) -> None:
    sound_T = _noise(20_123)
    pieces = np.split(sound_T, range(samples_a_piece, len(sound_T), samples_a_piece))
    np.testing.assert_array_equal(np.concatenate(list(mel_rows(pieces))), _rows(sound_T))


def test_a_row_comes_as_soon_as_its_window_of_50_ms_is_there() -> None:
    pushed = 0

    def one_by_one() -> Iterator[np.ndarray]:
        nonlocal pushed
        for sample_1 in np.split(_noise(1_000), 1_000):
            pushed += 1
            yield sample_1

    rows = mel_rows(one_by_one())
    assert [(len(next(rows)), pushed) for _ in range(3)] == [(1, 400), (1, 600), (1, 800)]


def test_an_hour_takes_the_memory_of_a_piece() -> None:
    pieces = mel_rows([np.zeros(3600 * 16_000, np.int16)])
    next(pieces)
    tracemalloc.start()
    try:
        assert [len(next(pieces)) for _ in range(2)] == [1600, 1600]
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_silence_is_at_the_floor_and_noise_at_full_scale_near_the_top() -> None:
    assert (_rows(np.zeros(4_000, np.int16)) == -4).all()
    loud_TB = _rows(np.random.default_rng(0).choice([-32_768, 32_767], 16_000).astype(np.int16))
    assert 1.5 < loud_TB[5:-5].mean() <= loud_TB.max() <= 4


@pytest.mark.parametrize("pitch_hz", [200.0, 1_000.0, 4_000.0])
def test_a_tone_is_in_the_bin_of_its_pitch(pitch_hz: float) -> None:
    tone_T = (8_000 * np.sin(2 * np.pi * pitch_hz * np.arange(16_000) / 16_000)).astype(np.int16)
    bins_T = _rows(tone_T)[5:-5].argmax(axis=1)

    # Slaney's scale from 55 to 7600 Hz: 200 / 3 Hz a mel below 1 kHz, ln(6.4) / 27 a mel above.
    def mels(hz: float) -> float:
        return hz * 3 / 200 if hz < 1_000 else 15 + 27 * np.log(hz / 1_000) / np.log(6.4)

    expected = 81 * (mels(pitch_hz) - mels(55)) / (mels(7_600) - mels(55)) - 1
    assert np.abs(bins_T - expected).max() <= 1


def test_samples_of_either_type_give_the_same_rows() -> None:
    samples_T = _noise(9_000)
    np.testing.assert_array_equal(_rows(samples_T), _rows((samples_T / 32_768).astype(np.float32)))
