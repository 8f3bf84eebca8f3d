"""Which facts of a clip are worth a look, each at its threshold."""

import pytest

from services.base.errors import BadInput
from services.records.tts.flags import FLAGS, SERIOUS, flags_of, judge
from services.records.tts.spec import TtsFilesConfig

FINE = {"num_text_ids": 600, "num_codes": 1815, "language": "am"}
CONFIG = TtsFilesConfig()


@pytest.mark.parametrize(
    ("facts", "stated", "flags"),
    [
        ({}, "am", ()),
        ({"num_text_ids": 601}, "am", ("TEXT_TOO_LONG",)),
        ({"num_codes": 1816}, "am", ("CODES_TOO_LONG",)),
        ({"num_unknown": 1}, "am", ("UNKNOWN_TOKENS",)),
        ({"is_random": True, "num_splits": 1}, "am", ("RANDOM_WEIGHTS", "SPLIT_BATCHES")),
        ({"clipped_share": 0.001, "silent_share": 0.5}, "am", ()),
        ({"clipped_share": 0.0011}, "am", ("CLIPPED",)),
        ({"silent_share": 0.51}, "am", ("SILENT",)),
        ({"duration_s": 3.25, "stated_s": 3.0}, "am", ()),
        ({"duration_s": 3.26, "stated_s": 3.0}, "am", ("DURATION_DIFFERS",)),
        ({"duration_s": 2.74, "stated_s": 3.0}, "am", ("DURATION_DIFFERS",)),
        ({"duration_s": 101.9, "stated_s": 100.0}, "am", ()),
        ({"duration_s": 102.1, "stated_s": 100.0}, "am", ("DURATION_DIFFERS",)),
        ({"duration_s": 3.0}, "am", ()),
        ({"stated_s": 3.0}, "am", ()),
        ({}, "AM", ()),
        ({}, "amh", ()),
        ({}, "am-ET", ()),
        ({}, "am_ET", ()),
        ({}, "", ()),
        ({}, "Amharic", ()),
        ({}, "en", ("LANGUAGE_DIFFERS",)),
        ({"language": "en"}, "de", ()),
        ({"language": "zh"}, "ko", ("LANGUAGE_DIFFERS",)),
        ({"language": "ko"}, "ko", ()),
        ({"language": ""}, "ko", ()),
    ],
)
def test_flags(facts, stated, flags):
    assert flags_of({**FINE, **facts}, stated, CONFIG) == flags


def test_thresholds_are_settings():
    config = TtsFilesConfig(max_codes=10, max_text_tokens=20, max_clipped_share=0.5, duration_tolerance_s=9)
    facts = {"num_text_ids": 21, "num_codes": 11, "clipped_share": 0.4, "duration_s": 11.0, "stated_s": 3.0}
    assert flags_of(facts, "", config) == ("CODES_TOO_LONG", "TEXT_TOO_LONG")


def test_quarantine_leaves_out_what_no_trainer_can_take_and_nothing_else():
    policy = TtsFilesConfig(quality_policy="quarantine")
    facts = {**FINE, "num_codes": 1816, "num_text_ids": 601}
    with pytest.raises(BadInput, match=r"TEXT_TOO_LONG: 601 text ids, at most 600 fit: cut the clip, or"):
        judge(("CODES_TOO_LONG", "TEXT_TOO_LONG"), facts, policy)
    with pytest.raises(BadInput, match="CODES_TOO_LONG: 1816 codes, at most 1815 fit"):
        judge(("CODES_TOO_LONG",), facts, policy)
    others = tuple(sorted(FLAGS.keys() - {*SERIOUS}))
    assert judge(others, facts, policy) == others
    assert judge(tuple(FLAGS), facts, CONFIG) == tuple(FLAGS)
