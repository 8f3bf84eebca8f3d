"""Filterbanks have the true length of a clip, and each bin's mean and variance are the clip's own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

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


@pytest.mark.parametrize(
    ("module", "made"),
    [
        ("services.features.speech.filterbank", "Filterbank()(numpy.ones(1600, numpy.float32)).shape == (4, 160)"),
        (
            "services.features.speech.w2v_bert",
            "len(w2v_bert(W2vBertShape(16, 2, 24, num_layers=2)).encoder.layers) > 0",
        ),
    ],
)
def test_audio_no_longer_loads_with_torchaudio_2_9(tmp_path: Path, module: str, made: str) -> None:
    """Nor need it: transformers would import it where it is installed, and it may be of another torch."""
    for name in ("torchaudio", "soundfile"):
        (tmp_path / f"{name}.py").write_text("raise OSError('undefined symbol: it was built for another torch')")
    program = (
        f"import numpy, sys; from {module} import *;print({made}, {{'torchaudio', 'soundfile'}} & set(sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, env=environment, check=False
    )
    assert done.stdout.strip() == "True set()", done.stderr[-2000:]
