import dataclasses

import pytest

from services.training.lipreading.scores.printed import ModelTest, lines_of
from services.training.lipreading.scores.score import Transcript

CLIPS = [
    Transcript("s1/a", "s1", "今天天气很好我们一起去公园散步吧朋友们", "今天天气很好我们一起去公园散步吧朋友门"),
    Transcript("s2/b", "s2", "set red", "set"),
]
TESTED = ModelTest(
    split="test",
    transcripts=CLIPS,
    untrained=[Transcript(one.key, one.speaker, one.reference, "") for one in CLIPS],
    constant="set white",
    digests={"checkpoint": "c" * 4, "data": "d" * 4, "tokenizer": "t" * 4},
)


def test_examples_and_averages_stand_as_trainers_print_them() -> None:
    lines = lines_of(TESTED)
    assert lines[:5] == [
        "Example 1:",
        "Ground truth: 今天天气很好我们一起去公园散步吧朋友们",
        "Predicted: 今天天气很好我们一起去公园散步吧朋友门",
        "CER: 0.0526 (94.74% accuracy)",
        "",
    ]
    assert "Average CER: 0.3120" in lines
    assert "Average Accuracy: 68.80%" in lines


def test_the_score_stands_with_its_counts_its_interval_and_what_was_done_to_texts() -> None:
    text = "\n".join(lines_of(TESTED, num_examples=0))
    assert "test: 2 clips, normalisation none" in text
    assert "CER 19.23% (95 % of resampled tests: 5.26% to 57.14%): 1 substitutions, 4 deletions, 0 insertions" in text
    assert "in 26 characters" in text
    assert "mean over clips: CER 31.20%" in text


def test_how_texts_were_found_stands_beside_the_score() -> None:
    lines = lines_of(dataclasses.replace(TESTED, search="beam of 20"), num_examples=0)
    assert "test: 2 clips, normalisation none, beam of 20" in lines


def test_beside_it_are_an_untrained_model_and_the_best_constant_sentence() -> None:
    lines = lines_of(TESTED)
    assert "    an untrained model: CER 100.00%, WER 100.00%" in lines
    assert [line for line in lines if "always 'set white'" in line and "CER" in line]


def test_speakers_lengths_and_digests_have_a_row_each() -> None:
    lines = lines_of(TESTED)
    begins = [line.split("  ")[0] for line in lines]
    assert [name for name in ("speaker", "s1", "s2", "0 to 9", "10 to 19") if name not in begins] == []
    assert lines[-3:] == ["checkpoint: cccc", "data: dddd", "tokenizer: tttt"]


def test_a_test_on_clips_that_were_learnt_from_says_so() -> None:
    assert not [line for line in lines_of(TESTED) if "WARNING" in line]
    own = lines_of(dataclasses.replace(TESTED, learnt_from=2))
    assert [line for line in own if line.startswith("WARNING: the model was trained on 2 of these 2 clips")]


def test_a_test_without_clips_is_none() -> None:
    with pytest.raises(ValueError, match="one transcript or more"):
        lines_of(dataclasses.replace(TESTED, transcripts=[]))
