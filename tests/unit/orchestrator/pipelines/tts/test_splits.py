"""Which clip goes to val: the original's rule, its vectors, and what is said of an odd split."""

import pytest

from orchestrator.pipelines.tts.splits import fraction, is_val, split_notes, val_ids
from services.base.errors import BadConfig

IDS = [f"spk000_{i:06d}" for i in range(1, 10_001)]


@pytest.mark.parametrize(
    ("clip_id", "wanted"),
    [
        ("am_test_001", 0.509175),
        ("spk000_000001", 0.553481),
        ("spk000_000002", 0.867788),
        ("sample-0", 0.930551),
        ("utt_0001", 0.782133),
        ("ሰላም_1", 0.163146),
    ],
)
def test_an_id_lies_where_the_original_puts_it(clip_id: str, wanted: float) -> None:
    assert fraction(clip_id) == wanted
    assert [is_val(clip_id, ratio) for ratio in (wanted - 1e-6, wanted, wanted + 1e-6)] == [False, False, True]


def test_as_many_of_ten_thousand_ids_go_to_val_as_in_the_original() -> None:
    chosen = val_ids(IDS, 0.01)
    assert len(chosen) == 131
    assert chosen == {one for one in IDS if is_val(one, 0.01)}
    assert chosen < val_ids(IDS, 0.02), "a larger val set keeps the clips of a smaller one"
    assert val_ids(reversed(IDS), 0.01) == chosen, "whatever the order"


@pytest.mark.parametrize(("ratio", "num_val"), [(0.0, 0), (-0.5, 0), (1.0, 10_000), (7.0, 10_000)])
def test_a_ratio_of_0_or_less_takes_none_and_of_1_or_more_all(ratio: float, num_val: int) -> None:
    assert len(val_ids(IDS, ratio)) == num_val


def test_a_count_takes_the_first_ids_below_one_half() -> None:
    candidates = [one for one in IDS if fraction(one) < 0.5]
    assert val_ids(IDS, 0.01, 7) == set(candidates[:7]), "and the ratio says nothing"
    assert val_ids(IDS, 0.0, 1) == {candidates[0]}


def test_a_count_larger_than_the_set_takes_what_there_is_and_says_so() -> None:
    few = IDS[:20]
    chosen = val_ids(few, 0.01, 500)
    assert chosen == {one for one in few if fraction(one) < 0.5}, "train is left the other half"
    notes = split_notes([one in chosen for one in few], 0.01, 500)
    assert any(f"--val-count asks for 500 clips in val, and {len(chosen)} of 20" in note for note in notes)


@pytest.mark.parametrize(("ratio", "count"), [(0.01, -1), (float("nan"), 0)])
def test_what_is_no_split_is_refused(ratio: float, count: int) -> None:
    with pytest.raises(BadConfig, match="--val-"):
        val_ids(IDS, ratio, count)


def flags(num_val: int, num_clips: int) -> list[bool]:
    return [i < num_val for i in range(num_clips)]


@pytest.mark.parametrize(
    ("num_val", "num_clips", "ratio", "said"),
    [
        (100, 10_000, 0.01, []),
        (119, 10_000, 0.01, []),
        (121, 10_000, 0.01, ["1.21% where --val-ratio asks for 1.00%"]),
        (79, 10_000, 0.01, ["0.79% where"]),
        (9, 900, 0.01, ["fewer than 10"]),
        (0, 50, 0.01, ["0.00% where", "fewer than 10"]),
        (0, 50, 0.0, []),
        (50, 50, 1.0, []),
        (5, 5, 1.0, []),
        (0, 0, 0.01, []),
    ],
)
def test_a_val_set_that_is_small_or_far_from_the_ratio_is_told(
    num_val: int, num_clips: int, ratio: float, said: list[str]
) -> None:
    notes = split_notes(flags(num_val, num_clips), ratio)
    assert len(notes) == len(said)
    assert all(text in note for text, note in zip(said, notes, strict=True))


def test_a_val_set_skewed_by_speaker_or_language_is_told() -> None:
    in_val = flags(100, 1000)
    speakers = ["s1" if i < 80 else f"s{i % 2 + 1}" for i in range(1000)]
    even = [f"l{i % 3}" for i in range(1000)]
    absent = ["am" if i >= 950 else "en" for i in range(1000)]
    (note,) = split_notes(in_val, 0.1, groups=[("speaker", speakers), ("language", even)])
    assert "skewed by speaker" in note
    assert "'s1' has 54.0% of the clips and 90.0% of val" in note
    (note,) = split_notes(in_val, 0.1, groups=[("language", absent)])
    assert "'am' has 5.0% of the clips and 0.0% of val" in note
    assert split_notes(in_val, 0.1, groups=[("speaker", ["one"] * 1000)]) == []
