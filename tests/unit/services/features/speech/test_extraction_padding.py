"""What a clip becomes beside others, padded, is what it becomes alone: a property of any clips in any batch.

Sizes are tiny and weights those that torch begins a training with; what leaks from padding does so at any size.
"""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from services.base.media.arrays import Float32Array
from services.base.media.features import SpeechFeatures
from services.features.speech.conformer import ConformerShape
from services.features.speech.extraction import SpeechExtractor, SpeechNetworks
from services.features.speech.repcodec import CodecShape, SemanticCodec
from services.features.speech.voice import VoiceConditioner, VoiceShape
from services.features.speech.w2v_bert import W2vBertShape, w2v_bert

WIDTH = 16
# Of the spread of an output.
MOST_OFF = 2e-5
# Two entries of the codebook whose cosines lie so close are a tie, and of 10,000 codes at most so many may be others.
TIE, MOST_TIES_IN_10_000 = 1e-5, 5

CLIPS = st.lists(st.tuples(st.integers(3, 160), st.integers(0, 999)), min_size=2, max_size=6)


def _extractor(original_padding: bool = False) -> SpeechExtractor:
    torch.manual_seed(7)
    encoder = w2v_bert(W2vBertShape(WIDTH, 2, 24, num_layers=2))
    codec = SemanticCodec(CodecShape(512, WIDTH, 4, 8, 12, 2))
    path = ConformerShape(WIDTH, 8, 12, 2, 1)
    voice = VoiceConditioner(VoiceShape(12, path, 2, path, 2), original_padding)
    return SpeechExtractor(
        SpeechNetworks(encoder, codec, voice, torch.full((WIDTH,), 0.1), torch.full((WIDTH,), 4.0)), {}
    )


@pytest.fixture(scope="module")
def extractor() -> Iterator[SpeechExtractor]:
    # Networks so small gain nothing from threads, which would wait for each other.
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield _extractor()
    torch.set_num_threads(num_threads)


def _filterbank(num_frames: int, seed: int) -> Float32Array:
    return np.random.default_rng(seed).standard_normal((num_frames, 160)).astype(np.float32)


def _off(made: SpeechFeatures, alone: SpeechFeatures) -> float:
    pairs = ((made.condition_KD, alone.condition_KD), (made.emo_vec_D, alone.emo_vec_D))
    return max(float(np.abs(one - other).max() / other.std()) for one, other in pairs)


def _ties(extractor: SpeechExtractor, filterbank_TC: Float32Array) -> np.ndarray:
    """Where the two best entries of the codebook are as near, bool [T]."""
    networks, lengths_N = extractor.networks, torch.tensor([len(filterbank_TC)])
    with torch.inference_mode():
        semantic_NTC = networks.semantic(torch.from_numpy(filterbank_TC)[None], lengths_N)
        vectors_TD = F.normalize(networks.codec.projected(semantic_NTC, lengths_N)[0], dim=-1)
        best_T2 = (vectors_TD @ F.normalize(networks.codec.codebook.weight, dim=-1).t()).topk(2, dim=-1).values
    return (best_T2[:, 0] - best_T2[:, 1] < TIE).numpy()


@settings(max_examples=25, deadline=None)
@given(clips=CLIPS)
def test_the_same_clip_gives_other_features_in_a_batch(
    extractor: SpeechExtractor, clips: list[tuple[int, int]]
) -> None:
    """It does not: lengths are the same, floats within the last digits, codes equal but for ties."""
    filterbanks = [_filterbank(*clip) for clip in clips]
    together = extractor(filterbanks, ["a clip"] * len(clips))
    for filterbank_TC, beside in zip(filterbanks, together, strict=True):
        (alone,) = extractor([filterbank_TC], ["a clip"])
        assert len(beside.codes_L) == len(alone.codes_L) == len(filterbank_TC)
        assert _off(beside, alone) < MOST_OFF
        others_L = beside.codes_L != alone.codes_L
        assert not (others_L & ~_ties(extractor, filterbank_TC)).any()


def test_of_ten_thousand_codes_at_most_five_are_others(extractor: SpeechExtractor) -> None:
    rng = np.random.default_rng(1)
    num_codes = num_others = 0
    while num_codes < 10_000:
        filterbanks = [_filterbank(int(length), int(length)) for length in rng.integers(3, 400, 8)]
        together = extractor(filterbanks, ["a clip"] * 8)
        for filterbank_TC, beside in zip(filterbanks, together, strict=True):
            (alone,) = extractor([filterbank_TC], ["a clip"])
            num_codes += len(alone.codes_L)
            num_others += int((beside.codes_L != alone.codes_L).sum())
    assert num_others <= MOST_TIES_IN_10_000 * num_codes / 10_000


@given(order=st.permutations(range(5)))
@settings(max_examples=10, deadline=None)
def test_the_place_in_a_batch_decides_nothing_beyond_the_last_digits(
    extractor: SpeechExtractor, order: list[int]
) -> None:
    filterbanks = [_filterbank(length, length) for length in (9, 77, 120, 33, 64)]
    straight = extractor(filterbanks, ["a clip"] * 5)
    mixed = extractor([filterbanks[i] for i in order], ["a clip"] * 5)
    for place, i in enumerate(order):
        np.testing.assert_array_equal(mixed[place].codes_L, straight[i].codes_L)
        assert _off(mixed[place], straight[i]) < MOST_OFF


def test_the_originals_masking_would_break_the_bound() -> None:
    """A bias that reaches the last frames of a shorter clip is far beyond it: what the property is there to find."""
    original = _extractor(original_padding=True)
    filterbanks = [_filterbank(77, 1), _filterbank(120, 2)]
    together = original(filterbanks, ["a clip"] * 2)
    (alone,) = original(filterbanks[:1], ["a clip"])
    assert _off(together[0], alone) > 10 * MOST_OFF
