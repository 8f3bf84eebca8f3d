"""Features made again by a server or in a padded batch: which differences are told."""

import numpy as np
import pytest

from services.base.errors import BadInput
from services.formats.npy import encode_npy
from services.records.tts.agreement import PADDED, SERVED, disagreements, tolerance_of

CODES = np.arange(1500, dtype=np.int32)


def others(array, num):
    made = array.copy()
    made[:num] += 1
    return made


@pytest.mark.parametrize(("num", "told"), [(0, False), (1, False), (2, False), (3, True)])
def test_codes_may_be_ties_in_one_of_a_thousand(num, told):
    problems, found = disagreements(encode_npy(CODES), encode_npy(others(CODES, num)), SERVED)
    assert (bool(problems), found) == (told, {})


def test_one_code_of_a_short_clip_may_be_a_tie():
    assert disagreements(encode_npy(CODES[:40]), encode_npy(others(CODES[:40], 1)), SERVED)[0] == ()
    (problem,) = disagreements(encode_npy(CODES[:40]), encode_npy(others(CODES[:40], 2)), SERVED)[0]
    assert problem == "2 of 40 codes are others when it is made again"


@pytest.mark.parametrize("name", ["condition", "emo_vec"])
@pytest.mark.parametrize("tolerance", [SERVED, PADDED])
def test_floats_agree_within_a_share_of_their_spread(features, name, tolerance):
    kept = getattr(features(dim=64), {"condition": "condition_KD", "emo_vec": "emo_vec_D"}[name])
    for share, told in ((0.5, False), (2.0, True)):
        made = kept.copy()
        made.flat[5] += share * tolerance.floats * kept.std()
        problems, found = disagreements(encode_npy(kept), encode_npy(made), tolerance)
        assert bool(problems) == told
        assert found == {name: pytest.approx(share * tolerance.floats, rel=0.1)}


def test_of_a_packed_clip_text_ids_are_equal_and_the_rest_agrees(features, text):
    made = features(dim=64)

    same_ids = text(4).ids_N

    def packed(codes=made.codes_L, ids=same_ids):
        return b"".join(map(encode_npy, (codes, made.condition_KD, made.emo_vec_D, ids)))

    assert disagreements(packed(), packed(), SERVED) == ((), {"condition": 0.0, "emo_vec": 0.0})
    assert disagreements(packed(), packed(codes=others(made.codes_L, 1)), SERVED)[0] == ()
    (problem,) = disagreements(packed(), packed(ids=others(same_ids, 1)), SERVED)[0]
    assert problem == "text_ids: others when they are made again"


def test_another_form_is_told_and_torn_bytes_are_refused():
    (problem,) = disagreements(encode_npy(CODES), encode_npy(CODES[1:]), SERVED)[0]
    assert problem == "int32 [1500] in the output, int32 [1499] when it is made again"
    with pytest.raises(BadInput, match="BAD_NPY"):
        disagreements(encode_npy(CODES)[:-1], encode_npy(CODES), SERVED)


@pytest.mark.parametrize(
    ("speech", "tolerance"),
    [({}, None), ({"batching": "clip"}, None), ({"batching": "padded"}, PADDED), ({"backend": "triton"}, SERVED)],
)
def test_what_computed_the_features_decides(speech, tolerance):
    assert tolerance_of({"speech": speech, "ttsfiles": {}}) == tolerance
