import pytest

from services.training.lipreading.scores.counts import Counts
from services.training.lipreading.scores.score import Transcript, length_of, score, scores_by, speaker_of

HELD_OUT = [
    Transcript("s2/a", "s2", "bin blue at z", "bin blue at z"),
    Transcript("s2/b", "s2", "set red", "set"),
    Transcript("s10/c", "s10", "at", "by now"),
]


def test_corpus_level_rates_weigh_clips_by_length_and_means_do_not() -> None:
    found = score(HELD_OUT)
    assert found.num_clips == 3
    assert found.characters == Counts(hits=16, substitutions=2, deletions=4, insertions=4)
    assert found.cer == 10 / 22
    assert found.mean_cer == pytest.approx((0 + 4 / 7 + 6 / 2) / 3)
    assert found.words == Counts(hits=5, substitutions=1, deletions=1, insertions=1)
    assert found.wer == 3 / 7
    assert found.mean_wer == pytest.approx((0 + 1 / 2 + 2 / 1) / 3)


def test_it_says_what_was_done_to_texts_and_how_far_it_may_be_off() -> None:
    found = score(HELD_OUT, seed=3)
    assert found.normalization == "none"
    assert found.cer_interval[0] <= found.cer <= found.cer_interval[1]
    assert found.wer_interval[0] <= found.wer <= found.wer_interval[1]
    assert found == score(HELD_OUT, seed=3)


def test_speakers_are_scored_apart_in_the_order_of_their_numbers() -> None:
    found = scores_by(speaker_of, HELD_OUT)
    assert [(name, one.num_clips, one.cer) for name, one in found.items()] == [("s2", 2, 4 / 20), ("s10", 1, 3.0)]


def test_lengths_are_those_of_references_in_tens() -> None:
    assert list(scores_by(length_of, HELD_OUT)) == ["0 to 9", "10 to 19"]


def test_nothing_has_no_score() -> None:
    with pytest.raises(ValueError, match="one transcript or more"):
        score([])
