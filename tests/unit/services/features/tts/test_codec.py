"""Messages of SpeechFeatureService hold the values exactly, and broken ones are refused."""

import numpy as np
import pytest
from visemill.v1 import speech_pb2

from services.base.errors import BadInput
from services.base.media.audio import SoundFacts
from services.base.media.features import FilterbankFrames, SpeechFeatures
from services.base.media.tokens import TextIds
from services.features.tts.codec import (
    features_from_proto,
    features_to_proto,
    filterbank_bytes,
    filterbank_of,
    sound_to_proto,
    text_ids_to_proto,
)

RNG = np.random.default_rng(3)
FEATURES = SpeechFeatures(
    np.array([0, 8191, 7], np.int32),
    RNG.standard_normal((32, 6)).astype(np.float32),
    RNG.standard_normal(6).astype(np.float32),
    {"w2v_bert": "seeded:0"},
    num_splits=2,
)


def test_features_come_back_as_they_were() -> None:
    message = features_to_proto(FEATURES)
    back = features_from_proto(speech_pb2.SpeechFeatures.FromString(message.SerializeToString()))
    for name in ("codes_L", "condition_KD", "emo_vec_D"):
        assert getattr(back, name).tobytes() == getattr(FEATURES, name).tobytes()
        assert getattr(back, name).dtype == getattr(FEATURES, name).dtype
    assert (back.sources, back.num_splits) == (FEATURES.sources, 2)


@pytest.mark.parametrize("broken", [{"num_dims": 0}, {"num_dims": 5}, {"condition": b""}, {"emo_vec": b"123"}])
def test_vectors_of_other_sizes_than_they_say_are_refused(broken: dict[str, object]) -> None:
    message = features_to_proto(FEATURES)
    for name, value in broken.items():
        setattr(message, name, value)
    with pytest.raises(BadInput, match="BAD_MESSAGE"):
        features_from_proto(message)


@pytest.mark.parametrize("num_frames", [3, 4000])
def test_a_filterbank_comes_back_from_its_pieces(num_frames: int) -> None:
    frames = FilterbankFrames(RNG.standard_normal((num_frames, 160)).astype(np.float32))
    pieces = list(filterbank_bytes(frames))
    assert len(pieces) == -(-num_frames * 640 // (1 << 20))
    assert filterbank_of(num_frames, iter(pieces)).frames_TC.tobytes() == frames.frames_TC.tobytes()


def test_of_a_filterbank_that_is_too_large_no_more_is_read_than_was_announced() -> None:
    pieces = iter([bytes(1 << 20)] * 8)
    with pytest.raises(BadInput, match=r"BAD_MESSAGE.*more came"):
        filterbank_of(3, pieces)
    assert len(list(pieces)) == 7
    with pytest.raises(BadInput, match="TOO_LONG"):
        filterbank_of(10_002, iter(()))


def test_texts_and_facts_of_sounds_are_told_field_by_field() -> None:
    text = TextIds(np.array([4, 2], np.int32), "ሀ?", "am", 1, "ሀ", not_normalised=True)
    told = text_ids_to_proto(text)
    assert (list(told.ids), told.text, told.language) == ([4, 2], "ሀ?", "am")
    assert (told.num_unknown, told.unknown, told.not_normalised) == (1, "ሀ", True)
    sound = sound_to_proto(SoundFacts(1.5, 48_000, 2, "mp3", 0.9, 0.25, 0.5, 1, 2, True, ("w\udcff",)))
    assert (sound.duration_s, sound.source_channels, sound.num_corrupt, sound.ended_early) == (1.5, 2, 2, True)
    # Bytes that are no UTF-8 cannot be sent.
    assert list(sound.warnings) == ["w?"]
