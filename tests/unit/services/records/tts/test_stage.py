"""One clip through the stage: its four files, what is told about it, what is refused."""

import dataclasses
import hashlib
import io
import json

import numpy as np
import pytest
from products import made_of

from services.base.errors import BadInput
from services.base.media.audio import SoundFacts
from services.base.media.clip import Media
from services.base.stage.spec import ClipJob
from services.records.tts.spec import TtsFilesConfig
from services.records.tts.stage import open_stage

SOUND = SoundFacts(1.2345, 48_000, 2, "pcm_s16le", 0.51239, 0.0, 0.25)


@pytest.fixture
def finished(text, features, clip):
    def finish(text_ids=None, speech=None, sound=SOUND, of=None, **settings):
        job = ClipJob(of or clip(), Media.of_bytes("a.wav", b"x"))
        work = open_stage(TtsFilesConfig(**settings))(job, None)
        given = {"text_ids": text_ids or text(), "speech_features": speech or features(), "sound": sound}
        return made_of(work.finish(given))

    return finish


def test_a_clip_has_four_files_that_load_without_pickle(finished, text, features):
    product = finished(text(5), features(7, dim=1280))
    loaded = {name: np.load(io.BytesIO(data), allow_pickle=False) for name, data in product.files.items()}
    assert {name: (array.dtype.str, array.shape) for name, array in loaded.items()} == {
        "text_ids.npy": ("<i4", (5,)),
        "codes.npy": ("<i4", (7,)),
        "condition.npy": ("<f4", (32, 1280)),
        "emo_vec.npy": ("<f4", (1280,)),
    }
    np.testing.assert_array_equal(loaded["text_ids.npy"], text(5).ids_N)
    np.testing.assert_array_equal(loaded["codes.npy"], features(7, dim=1280).codes_L)
    np.testing.assert_array_equal(loaded["condition.npy"], features(7, dim=1280).condition_KD)
    np.testing.assert_array_equal(loaded["emo_vec.npy"], features(7, dim=1280).emo_vec_D)


def test_the_bytes_are_known(finished, text):
    """Of text ids, which are whole numbers: of the file that they make, on every machine."""
    digest = hashlib.sha256(finished(text(5)).files["text_ids.npy"]).hexdigest()
    header = b"{'descr': '<i4', 'fortran_order': False, 'shape': (5,), }".ljust(117) + b"\n"
    expected = (
        b"\x93NUMPY\1\0"
        + len(header).to_bytes(2, "little")
        + header
        + b"".join(n.to_bytes(4, "little") for n in range(7, 12))
    )
    assert digest == hashlib.sha256(expected).hexdigest()


@pytest.mark.parametrize("storage", ["npy", "arrow", "both"])
def test_where_features_are_stored_changes_nothing_of_a_clip(finished, storage):
    assert finished(storage=storage) == finished()


def test_facts_that_say_nothing_are_left_out(finished, text, features, clip):
    plain = finished(of=clip("am_1"))
    assert plain.quality == {
        "id": "am_1",
        "text": "ሰላም",
        "language": "am",
        "num_text_ids": 4,
        "num_codes": 6,
        "num_condition": 32,
        "num_unknown": 0,
        "duration_s": 1.234,
        "peak": 0.5124,
        "clipped_share": 0.0,
        "silent_share": 0.25,
    }
    assert plain.flags == ()
    full = finished(
        text(4, "hm", "en", num_unknown=2, unknown="ሰላ", not_normalised=True),
        features(sources={"gpt": "seeded:0"}, num_splits=1),
        dataclasses.replace(SOUND, clipped_share=0.1, num_corrupt=1, num_gaps=2, ended_early=True, warnings=("bad",)),
        clip("am_1", duration_s=2.0),
    )
    told = {name: value for name, value in full.quality.items() if plain.quality.get(name) != value}
    assert (told.pop("text"), told.pop("language")) == ("hm", "en")
    assert told == {
        "stated_s": 2.0,
        "clipped_share": 0.1,
        "num_unknown": 2,
        "unknown": "ሰላ",
        "not_normalised": True,
        "is_random": True,
        "num_splits": 1,
        "num_gaps": 2,
        "num_corrupt": 1,
        "ended_early": True,
        "warnings": ["bad"],
    }
    json.dumps(full.quality, allow_nan=False)
    assert full.flags == (
        "CLIPPED", "DURATION_DIFFERS", "LANGUAGE_DIFFERS", "RANDOM_WEIGHTS", "SPLIT_BATCHES", "UNKNOWN_TOKENS",
    )  # fmt: skip


def test_what_nobody_has_heard_of_a_sound_is_left_out_and_flags_nothing(finished):
    made = finished(sound=SoundFacts(1.2345, 48_000, 2, "pcm_s16le"))
    assert made.quality["duration_s"] == 1.234 and made.flags == ()
    assert not {"peak", "clipped_share", "silent_share"} & made.quality.keys()


def test_a_pass_without_facts_of_the_sound_makes_the_same_files(finished):
    without = finished(sound=None)
    assert without.files == finished().files
    assert not {"duration_s", "peak", "silent_share"} & without.quality.keys()


def test_a_clip_without_text_is_refused(finished, text):
    with pytest.raises(BadInput, match="NO_TEXT: am_1 has no text"):
        finished(text(0))


@pytest.mark.parametrize("field", ["condition_KD", "emo_vec_D"])
def test_features_that_are_no_numbers_are_refused(finished, features, field):
    array = getattr(features(), field).copy()
    array.flat[3] = np.nan
    with pytest.raises(BadInput, match="FEATURES_NOT_FINITE: am_1"):
        finished(speech=dataclasses.replace(features(), **{field: array}))


@pytest.mark.parametrize("codes", [[], [0, 8192], [-1]])
def test_codes_out_of_range_are_a_bug_and_no_file(finished, features, codes):
    with pytest.raises(ValueError, match=r"one code or more of 0\.\.8191"):
        finished(speech=dataclasses.replace(features(), codes_L=np.array(codes, np.int32)))


def test_vectors_of_another_shape_are_a_bug_and_no_file(finished, features):
    with pytest.raises(ValueError, match="must be"):
        finished(speech=dataclasses.replace(features(), emo_vec_D=np.zeros(3, np.float32)))
    with pytest.raises(ValueError, match="must be"):
        finished(speech=dataclasses.replace(features(), condition_KD=np.zeros((31, 16), np.float32)))


def test_too_long_a_clip_is_flagged_or_left_out(finished, features):
    assert finished(speech=features(1816)).flags == ("CODES_TOO_LONG",)
    with pytest.raises(BadInput, match="CODES_TOO_LONG: 1816 codes"):
        finished(speech=features(1816), quality_policy="quarantine")
