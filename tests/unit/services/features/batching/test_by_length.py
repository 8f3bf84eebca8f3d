"""Batches of a window: every clip once, by length and key, within the budget, whatever the order they came in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.stage.window import ClipSize
from services.features.batching.by_length import batches_by_length, one_by_one, padding_waste, window_by_length

CLIPS = st.lists(st.integers(0, 2000), min_size=1, max_size=60)


def sizes(lengths: list[int]) -> list[ClipSize]:
    return [ClipSize(f"{i:03}", length, length / 50) for i, length in enumerate(lengths)]


@pytest.mark.parametrize(
    ("lengths", "budget", "expected"),
    [
        ([5], 100, [[0]]),
        ([5, 5, 5], 10, [[0, 1], [2]]),
        ([30, 10, 20, 10], 40, [[1, 3], [2], [0]]),
        # One that is over the budget is alone, and so is one beside which it would be.
        ([500, 10], 100, [[1], [0]]),
        ([0, 0, 7], 7, [[0, 1], [2]]),
        ([], 7, []),
    ],
)
def test_a_batch_ends_where_padding_would_exceed_the_budget(
    lengths: list[int], budget: int, expected: list[list[int]]
) -> None:
    assert batches_by_length(sizes(lengths), budget) == expected


@given(CLIPS, st.integers(1, 8000))
def test_every_clip_is_in_one_batch_and_none_is_over_the_budget_but_alone(lengths: list[int], budget: int) -> None:
    batches = batches_by_length(sizes(lengths), budget)
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= budget
    flat = [lengths[i] for batch in batches for i in batch]
    assert flat == sorted(flat)


@given(CLIPS, st.integers(1, 8000), st.randoms(use_true_random=False))
def test_the_composition_is_one_of_the_clips_and_not_of_their_order(
    lengths: list[int], budget: int, random: object
) -> None:
    clips = sizes(lengths)
    shuffled = clips.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    here = [[clips[i].key for i in batch] for batch in batches_by_length(clips, budget)]
    there = [[shuffled[i].key for i in batch] for batch in batches_by_length(shuffled, budget)]
    assert here == there


def test_padding_of_speech_is_a_small_share() -> None:
    """512 clips of 1 to 15 s, 50 steps a second, batches of eight times 15 s: as they come, two fifths were waste."""
    lengths = [50 + (i * 7919) % 701 for i in range(512)]
    by_length = batches_by_length(sizes(lengths), 8 * 750)
    as_they_come = [list(range(i, min(i + 8, 512))) for i in range(0, 512, 8)]
    assert padding_waste(sizes(lengths), by_length) < 0.1
    assert padding_waste(sizes(lengths), as_they_come) > 0.35
    assert padding_waste([], []) == 0.0


def test_a_window_ends_with_the_clip_that_fills_it() -> None:
    window = window_by_length(100, lambda key, artifacts: ClipSize(key, 1, 1.0), num_clips=3, duration_s=60.0)
    assert [window.is_full(*filled) for filled in ((2, 59.0), (3, 1.0), (1, 60.0))] == [False, True, True]
    with pytest.raises(ValueError, match="budget_steps 0"):
        window_by_length(0, lambda key, artifacts: ClipSize(key, 1, 1.0))


def test_one_by_one_each_clip_is_a_window() -> None:
    window = one_by_one(lambda key, made: ClipSize(key, 1, 1.0), num_decoders=3)
    assert (window.num_clips, window.num_decoders) == (1, 3)
    assert window.batches(sizes([5])) == [[0]]
