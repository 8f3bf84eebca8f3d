"""A network that memory is short for costs no clip that fits by itself, and no clip beside one that does not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array
from services.features.speech.extraction import SpeechExtractor
from services.features.tts.fitting import FittingExtractor
from services.features.tts.opening import open_extractor

LENGTHS = [40, 22, 300, 31]


@pytest.fixture
def extractor(tiny_model: Any) -> SpeechExtractor:
    return open_extractor(tiny_model.config())


def _filterbanks(lengths: list[int]) -> list[Float32Array]:
    return [np.random.default_rng(n).standard_normal((n, 160)).astype(np.float32) for n in lengths]


def _short_of_memory(network: torch.nn.Module, fits: Callable[[tuple[Any, ...]], bool], error: Exception) -> None:
    """The network's call fails as an allocation would, for inputs that do not fit."""

    def check(_: torch.nn.Module, given: tuple[Any, ...]) -> None:
        if not fits(given):
            raise error

    network.register_forward_pre_hook(check)


@pytest.mark.parametrize("network", ["encoder", "codec", "voice"])
@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_one_long_clip_runs_out_of_memory_and_costs_neither_the_batch_nor_the_run(
    extractor: SpeechExtractor, network: str, error: Exception
) -> None:
    alone = [extractor([frames], ["a"])[0] for frames in _filterbanks(LENGTHS)]
    part = getattr(extractor.networks, network)
    _short_of_memory(part, lambda given: given[0].shape[0] * given[0].shape[1] <= 320, error)
    made = FittingExtractor(extractor, 1200)(_filterbanks(LENGTHS), list("abcd"))
    for one, other in zip(made, alone, strict=True):
        np.testing.assert_array_equal(one.codes_L, other.codes_L)
        np.testing.assert_allclose(one.condition_KD, other.condition_KD, rtol=0, atol=5e-5 * other.condition_KD.std())
    assert all(features.num_splits == 1 for features in made)


def test_a_clip_that_does_not_fit_alone_is_computed_in_pieces(
    extractor: SpeechExtractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    (whole,) = extractor(_filterbanks([300]), ["a"])
    layer = extractor.networks.voice.conditioning_encoder.embed
    usual, piece_of = layer.num_at_once, layer._by_channels

    def short_of_memory(features_NTC: torch.Tensor) -> torch.Tensor:
        if features_NTC.shape[1] > 80:
            raise RuntimeError("can't allocate memory")
        return piece_of(features_NTC)

    monkeypatch.setattr(layer, "_by_channels", short_of_memory)
    (pieces,) = FittingExtractor(extractor, 750)(_filterbanks([300]), ["a"])
    np.testing.assert_array_equal(pieces.codes_L, whole.codes_L)
    np.testing.assert_allclose(pieces.condition_KD, whole.condition_KD, rtol=0, atol=5e-5 * whole.condition_KD.std())
    assert pieces.num_splits == 1
    # The next clip is tried as any other again.
    assert layer.num_at_once == usual


def test_a_clip_that_fits_in_no_pieces_is_set_aside(extractor: SpeechExtractor) -> None:
    _short_of_memory(extractor.networks.encoder, lambda _: False, torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(BadInput, match="a/one has 20 frames") as refused:
        FittingExtractor(extractor, 750)(_filterbanks([20]), ["a/one"])
    assert refused.value.reason == "OUT_OF_MEMORY"


def test_what_is_no_lack_of_memory_is_raised(extractor: SpeechExtractor) -> None:
    _short_of_memory(extractor.networks.encoder, lambda _: False, RuntimeError("mat1 and mat2 differ"))
    with pytest.raises(RuntimeError, match="mat1"):
        FittingExtractor(extractor, 750)(_filterbanks([20]), ["a"])


def test_a_batch_that_fits_is_not_said_to_be_split(extractor: SpeechExtractor) -> None:
    made = FittingExtractor(extractor, 750)(_filterbanks([20, 30]), ["a", "b"])
    assert [features.num_splits for features in made] == [0, 0]
