import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.training.lipreading.scores.counts import (
    Counts,
    character_counts,
    character_counts_with,
    total,
    word_counts,
)

TEXT = st.text(alphabet="ab ", max_size=6)


@functools.cache
def distance(a: str, b: str) -> int:
    """Levenshtein's, as it is defined."""
    if not a or not b:
        return len(a) + len(b)
    return min(distance(a[1:], b) + 1, distance(a, b[1:]) + 1, distance(a[1:], b[1:]) + (a[0] != b[0]))


@given(reference=TEXT, hypothesis=TEXT)
def test_errors_are_the_least_edits_and_units_are_those_of_the_texts(reference: str, hypothesis: str) -> None:
    counts = character_counts(reference, hypothesis)
    assert counts.errors == distance(reference, hypothesis)
    assert counts.reference_units == len(reference)
    assert counts.hits + counts.substitutions + counts.insertions == len(hypothesis)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "counts"),
    [
        ("bin blue", "bin blue", Counts(hits=8)),
        ("bin blue", "pin blue", Counts(hits=7, substitutions=1)),
        ("bin blue", "in blue", Counts(hits=7, deletions=1)),
        ("bin blue", "bin bluee", Counts(hits=8, insertions=1)),
        ("bin", "", Counts(deletions=3)),
        ("", "at", Counts(insertions=2)),
        ("", "", Counts()),
        ("at  a", "at a", Counts(hits=4, deletions=1)),
        (" at", "at ", Counts(hits=2, deletions=1, insertions=1)),
    ],
)
def test_characters_are_counted_with_blanks(reference: str, hypothesis: str, counts: Counts) -> None:
    assert character_counts(reference, hypothesis) == counts


@pytest.mark.parametrize(
    ("reference", "hypothesis", "counts"),
    [
        ("set white with", "set white with", Counts(hits=3)),
        ("set white with", "set wide with", Counts(hits=2, substitutions=1)),
        ("set white with", "set with", Counts(hits=2, deletions=1)),
        ("set white", "set white at", Counts(hits=2, insertions=1)),
        ("set", "", Counts(deletions=1)),
    ],
)
def test_words_are_counted_whole(reference: str, hypothesis: str, counts: Counts) -> None:
    assert word_counts(reference, hypothesis) == counts


def test_one_answer_to_several_clips_is_counted_with_each() -> None:
    assert character_counts_with(["at", "a"], "at") == Counts(hits=3, insertions=1)


@pytest.mark.parametrize(
    ("counts", "rate"),
    [
        (Counts(hits=18, substitutions=1), 1 / 19),
        (Counts(hits=1, insertions=3), 3.0),
        (Counts(insertions=2), 1.0),
        (Counts(), 0.0),
    ],
)
def test_a_rate_is_errors_a_unit_of_the_reference(counts: Counts, rate: float) -> None:
    assert counts.rate == rate


def test_counts_of_clips_add_up() -> None:
    assert total([Counts(1, 2, 3, 4), Counts(10, 20, 30, 40)]) == Counts(11, 22, 33, 44)
    assert total([]) == Counts()


def test_counts_are_not_negative() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Counts(deletions=-1)
