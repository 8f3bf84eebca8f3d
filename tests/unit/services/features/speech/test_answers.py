"""Answers of networks become a clip's features, which are refused where they are no numbers."""

import numpy as np
import pytest

from services.base.errors import BadInput
from services.features.speech.answers import check_finite, features_of

CODES, CONDITION, EMOTION = np.arange(4), np.ones((2, 3), np.float32), np.ones(3, np.float32)


def test_codes_become_int32_and_sources_are_kept() -> None:
    features = features_of(CODES, CONDITION, EMOTION, {"w2v_bert": "seeded:0"})
    assert (features.codes_L.dtype, features.codes_L.tolist()) == (np.int32, [0, 1, 2, 3])
    assert features.sources == {"w2v_bert": "seeded:0"}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_refused_with_the_clips_name(value: float) -> None:
    check_finite(features_of(CODES, CONDITION, EMOTION, {}), "talk.wav")
    for condition, emotion in ((CONDITION * value, EMOTION), (CONDITION, EMOTION * value)):
        with pytest.raises(BadInput, match=r"FEATURES_NOT_FINITE: talk\.wav"):
            check_finite(features_of(CODES, condition, emotion, {}), "talk.wav")
