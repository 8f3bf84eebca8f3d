"""What a clip's filterbank becomes does not depend on the clips beside it, and cannot be a wrong number."""

import numpy as np
import pytest
import torch

from services.base.media.arrays import Float32Array
from services.features.runtimes.weights import seeded_weights
from services.features.speech.conformer import ConformerShape
from services.features.speech.extraction import SpeechExtractor, SpeechNetworks
from services.features.speech.repcodec import CodecShape, SemanticCodec, codec_shapes, codec_state
from services.features.speech.voice import VoiceConditioner, VoiceShape
from services.features.speech.w2v_bert import W2vBertShape, w2v_bert

_WIDTH = 16


def _seed(module: torch.nn.Module) -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    module.load_state_dict(seeded_weights(7, shapes), strict=True)


@pytest.fixture(scope="module")
def networks() -> SpeechNetworks:
    encoder = w2v_bert(W2vBertShape(_WIDTH, 2, 24, num_layers=2))
    small = ConformerShape(_WIDTH, 8, 12, 2, 1)
    voice = VoiceConditioner(VoiceShape(12, small, 2, small, 2))
    _seed(encoder)
    _seed(voice)
    codec_shape = CodecShape(50, _WIDTH, 4, 8, 12, 2)
    codec = SemanticCodec(codec_shape)
    codec.load_state_dict(codec_state(seeded_weights(7, codec_shapes(codec_shape))), strict=True)
    return SpeechNetworks(encoder, codec, voice, torch.full((_WIDTH,), 0.1), torch.full((_WIDTH,), 4.0))


@pytest.fixture(scope="module")
def extractor(networks: SpeechNetworks) -> SpeechExtractor:
    return SpeechExtractor(networks, {"w2v_bert": "seeded:7"})


def _filterbank(num_frames: int, seed: int) -> Float32Array:
    return np.random.default_rng(seed).standard_normal((num_frames, 160)).astype(np.float32)


def test_codes_have_the_true_length_and_everything_its_type(extractor: SpeechExtractor) -> None:
    (features,) = extractor([_filterbank(31, 0)], ["a"])
    assert (features.codes_L.shape, features.codes_L.dtype) == ((31,), np.int32)
    assert (features.condition_KD.shape, features.condition_KD.dtype) == ((32, 12), np.float32)
    assert (features.emo_vec_D.shape, features.emo_vec_D.dtype) == ((12,), np.float32)
    assert features.is_random
    assert 0 <= features.codes_L.min() <= features.codes_L.max() < 50


def test_the_same_clip_gives_the_same_features_in_a_batch(extractor: SpeechExtractor) -> None:
    clips = [_filterbank(length, length) for length in (40, 3, 17, 90)]
    together = extractor(clips, ["a", "b", "c", "d"])
    for clip, beside in zip(clips, together, strict=True):
        (alone,) = extractor([clip], ["alone"])
        np.testing.assert_array_equal(beside.codes_L, alone.codes_L)
        for made, by_itself in ((beside.condition_KD, alone.condition_KD), (beside.emo_vec_D, alone.emo_vec_D)):
            # Weights of no training let rounding grow; at full size it is a tenth (test_speech_goldens.py).
            np.testing.assert_allclose(made, by_itself, rtol=0, atol=5e-5 * float(by_itself.std()))


def test_semantic_features_are_normalised_over_speech(networks: SpeechNetworks) -> None:
    filterbank_NTC, lengths_N = torch.from_numpy(_filterbank(9, 1))[None], torch.tensor([9])
    state = networks.encoder(filterbank_NTC, torch.ones(1, 9, dtype=torch.int64))
    torch.testing.assert_close(networks.semantic(filterbank_NTC, lengths_N), (state - 0.1) / 2.0)


def test_features_that_are_no_numbers_say_nothing_of_the_clips_beside_them(extractor: SpeechExtractor) -> None:
    wrong_TC = _filterbank(10, 0)
    wrong_TC[4] = np.inf
    wrong, right = extractor([wrong_TC, _filterbank(10, 0)], ["a.wav", "b.wav"])
    assert not np.isfinite(wrong.condition_KD).all()
    _, beside = extractor([_filterbank(10, 1), _filterbank(10, 0)], ["c.wav", "b.wav"])
    np.testing.assert_array_equal(right.codes_L, beside.codes_L)
    np.testing.assert_array_equal(right.condition_KD, beside.condition_KD)
