"""A test as plain values, which say what its lines say."""

import json

import pytest

from services.training.lipreading.scores.plain import facts_of
from services.training.lipreading.scores.printed import ModelTest
from services.training.lipreading.scores.score import Transcript

CLIPS = [Transcript("s1/a", "s1", "set blue", "set blew"), Transcript("s2/b", "s2", "set red", "set")]
TESTED = ModelTest(
    "test",
    CLIPS,
    [Transcript(one.key, one.speaker, one.reference, "") for one in CLIPS],
    "set white",
    {"data": "d" * 4},
    learnt_from=1,
)


def test_scores_stand_with_their_counts_and_what_is_beside_them() -> None:
    found = facts_of(TESTED)
    assert found["cer"] == pytest.approx(6 / 15) and found["mean_cer"] == pytest.approx((2 / 8 + 4 / 7) / 2)
    assert found["characters"] == {"substitutions": 2, "deletions": 4, "insertions": 0, "reference_units": 15}
    assert (found["clips"], found["wer"], found["learnt_from"]) == (2, 0.5, 1)
    assert (found["untrained"]["cer"], found["constant"]["text"]) == (1.0, "set white")
    assert list(found["by_speaker"]) == ["s1", "s2"] and list(found["by_characters"]) == ["0 to 9"]


def test_texts_of_each_clip_are_there_and_all_of_it_is_json() -> None:
    found = json.loads(json.dumps(facts_of(TESTED), allow_nan=False))
    assert found["transcripts"][1] == {"key": "s2/b", "reference": "set red", "hypothesis": "set"}
    assert found["digests"] == {"data": "dddd"}
