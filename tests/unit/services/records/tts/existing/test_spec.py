"""The stage says which files it looks at, and that its settings decide no bytes."""

from services.base.media.clip import Clip
from services.base.stage.existing import EXISTING
from services.records.tts.existing.spec import SPEC, TtsExistingConfig


def test_it_looks_at_the_four_files_of_a_clips_stem():
    clip = Clip("a/b", "a/b-0123", "s", "x.wav")
    assert SPEC.looks_at(TtsExistingConfig(), clip) == {
        "text_ids": "text_ids/a/b-0123.npy",
        "codes": "codes/a/b-0123.npy",
        "condition": "condition/a/b-0123.npy",
        "emo_vec": "emo_vec/a/b-0123.npy",
        "meta": "meta.json",
    }
    assert (SPEC.reads, SPEC.writes) == (("text_ids",), (EXISTING,))


def test_where_the_models_config_lies_decides_nothing():
    assert SPEC.fingerprint(TtsExistingConfig("/a")) == SPEC.fingerprint(TtsExistingConfig("/b"))
