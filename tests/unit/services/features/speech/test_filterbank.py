"""Filterbanks have the true length of a clip, and each bin's mean and variance are the clip's own."""

import subprocess
import sys

import numpy as np
import pytest
from transformers import SeamlessM4TFeatureExtractor

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array
from services.features.speech.filterbank import RATE_HZ, Filterbank, check_length, num_frames


def _noise(num_samples: int) -> Float32Array:
    return (0.1 * np.random.default_rng(3).standard_normal(num_samples)).astype(np.float32)


@pytest.mark.parametrize(
    ("num_samples", "frames"),
    [(0, 0), (399, 0), (400, 0), (559, 0), (560, 1), (879, 1), (880, 2), (16_000, 49), (160_000, 499), (240_000, 749)],
)
def test_a_second_is_49_frames_and_ten_are_499(num_samples: int, frames: int) -> None:
    assert num_frames(num_samples) == frames


@pytest.mark.parametrize("num_samples", [560, 720, 880, 16_000, 16_159, 16_160])
def test_the_length_is_that_of_whole_pairs(num_samples: int) -> None:
    filterbank_TC = Filterbank()(_noise(num_samples))
    assert filterbank_TC.shape == (num_frames(num_samples), 160)
    assert filterbank_TC.dtype == np.float32


def test_each_bin_has_the_clips_own_mean_and_variance() -> None:
    bins_FB = Filterbank()(_noise(RATE_HZ)).reshape(-1, 80)
    np.testing.assert_allclose(bins_FB.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(bins_FB.var(axis=0, ddof=1), 1.0, atol=1e-4)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 560"):
        Filterbank()(_noise(500))


@pytest.mark.parametrize(("frames", "reason"), [(0, "TOO_SHORT"), (2, "TOO_SHORT"), (10_002, "TOO_LONG")])
def test_a_length_that_has_no_features_is_the_clips_fault(frames: int, reason: str) -> None:
    with pytest.raises(BadInput, match=r"clip\.wav") as refused:
        check_length(frames, "clip.wav")
    assert refused.value.reason == reason


@pytest.mark.parametrize("frames", [3, 10_001])
def test_the_shortest_and_the_longest(frames: int) -> None:
    check_length(frames, "clip.wav")


@pytest.mark.parametrize("num_samples", [560, 720, 16_159, 200_000])
def test_it_is_that_of_transformers_to_the_last_bit(num_samples: int) -> None:
    extractor = SeamlessM4TFeatureExtractor(
        feature_size=80, num_mel_bins=80, sampling_rate=RATE_HZ, stride=2, padding_side="right", padding_value=1
    )
    samples_S = _noise(num_samples)
    samples_S[num_samples // 3 : num_samples // 2] = 0
    expected_TC = extractor(samples_S, sampling_rate=RATE_HZ, return_tensors="np")["input_features"][0]
    made_TC = Filterbank()(samples_S)
    assert made_TC.tobytes() == expected_TC[: len(made_TC)].astype(np.float32).tobytes()


def test_a_process_that_computes_it_imports_neither_torch_nor_transformers() -> None:
    """Each takes seconds in every process of a run."""
    program = (
        "import sys; from services.features.fbank.stage import Filterbank; Filterbank();"
        "print({'torch', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "set()", done.stderr[-2000:]
