"""The windowed sinc is its formula, written out in float64, and the same bits whatever pieces the sound comes in."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.base.media.arrays import Float32Array
from services.containers.audio.sinc import SincResampler, resampled_by_sinc


def _noise(num_samples: int) -> Float32Array:
    return np.random.default_rng(17).standard_normal(num_samples).astype(np.float32)


def _at_once(samples_T: Float32Array, source_hz: int, rate_hz: int) -> Float32Array:
    return np.concatenate([*resampled_by_sinc([samples_T[:, None]], source_hz, rate_hz)])[:, 0]


def _formula(samples_T: Float32Array, source_hz: int, rate_hz: int) -> npt.NDArray[np.float64]:
    """y[m] of the module's docstring, with every sample in every sum."""
    divisor = math.gcd(source_hz, rate_hz)
    f, g = source_hz // divisor, rate_hz // divisor
    base = 0.99 * min(f, g)
    n = np.arange(len(samples_T))
    out = []
    for m in range(math.ceil(len(samples_T) * g / f)):
        t = base * (n / f - m / g)
        window = np.where(np.abs(t) < 6, np.cos(np.pi * t / 12) ** 2, 0.0)
        out.append((samples_T * np.sinc(t) * window).sum() * base / f)
    return np.array(out)


@pytest.mark.parametrize(
    ("source_hz", "rate_hz"),
    [(24_000, 16_000), (44_100, 24_000), (48_000, 24_000), (8_000, 24_000), (22_050, 24_000), (11_025, 16_000)],
)
@pytest.mark.parametrize("num_samples", [1, 2, 37, 1200])
def test_it_is_the_formula(source_hz: int, rate_hz: int, num_samples: int) -> None:
    samples_T = _noise(num_samples)
    expected_T = _formula(samples_T, source_hz, rate_hz)
    made_T = _at_once(samples_T, source_hz, rate_hz)
    assert made_T.shape == expected_T.shape
    np.testing.assert_allclose(made_T, expected_T, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, 3000), max_size=8), rates=st.sampled_from([(44_100, 24_000), (8_000, 24_000)]))
def test_pieces_decide_no_bit(cuts: list[int], rates: tuple[int, int]) -> None:
    samples_T = _noise(3000)
    pieces = [piece[:, None] for piece in np.split(samples_T, sorted(cuts))]
    in_pieces = np.concatenate([*resampled_by_sinc(pieces, *rates)])[:, 0]
    np.testing.assert_array_equal(in_pieces, _at_once(samples_T, *rates))


def test_a_long_sound_is_held_in_part_only() -> None:
    resampler = SincResampler(48_000, 16_000)
    held = 0
    for _ in range(100):
        num_out = sum(len(piece) for piece in resampler.push(_noise(10_000)))
        assert num_out > 3_000
        held = max(held, len(resampler._buffer))
    assert held < 200


def test_channels_are_filtered_each_by_itself() -> None:
    stereo_TC = np.stack([_noise(500), np.zeros(500, np.float32)], axis=1)
    made_TC = np.concatenate([*resampled_by_sinc([stereo_TC], 24_000, 16_000)])
    np.testing.assert_array_equal(made_TC[:, 0], _at_once(stereo_TC[:, 0], 24_000, 16_000))
    assert not made_TC[:, 1].any()


def test_an_equal_rate_changes_nothing() -> None:
    samples_TC = _noise(10)[:, None]
    assert next(resampled_by_sinc([samples_TC], 16_000, 16_000)) is samples_TC


def test_no_sound_gives_none() -> None:
    assert [*resampled_by_sinc([], 24_000, 16_000)] == []


def test_a_rate_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 Hz"):
        SincResampler(0, 16_000)
