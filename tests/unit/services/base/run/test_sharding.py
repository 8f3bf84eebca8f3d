import hashlib
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.run.sharding import (
    Assignment,
    assign_shards,
    name_prefixes,
    parse_shard_name,
    parse_shards,
    part_of,
    shard_name,
    shard_of,
    shards_text,
)

key_text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
keys_lists = st.lists(key_text, unique=True, max_size=40)
shard_counts = st.integers(1, 70)


def _members(keys: list[str], assignment: Assignment, shard: int) -> list[str]:
    inside = [i for i in assignment.order() if assignment.shard_N[i] == shard]
    return [keys[i] for i in inside]


def test_the_shard_is_the_sha256_of_the_key_modulo_the_number_of_shards() -> None:
    key = "s1/bbaf2n"
    expected = int(hashlib.sha256(key.encode()).hexdigest(), 16) % 64
    assert shard_of(key, 64) == expected
    assert assign_shards([key], 64).shard_N.tolist() == [expected]


def test_known_clips_stay_where_they_are() -> None:
    assert [shard_of(key, 64) for key in ("s1/bbaf2n", "s1/lrarzn", "other/Grüße 1")] == [42, 52, 8]


@given(keys_lists, shard_counts)
def test_inside_a_shard_clips_go_by_key_without_gaps(keys: list[str], num_shards: int) -> None:
    assignment = assign_shards(keys, num_shards)
    for shard in range(num_shards):
        members = _members(keys, assignment, shard)
        assert members == sorted(members)
        positions = assignment.position_N[assignment.shard_N == shard]
        assert sorted(positions.tolist()) == list(range(len(members)))


@given(keys_lists, key_text, shard_counts)
def test_adding_a_clip_moves_no_other_clip(keys: list[str], new: str, num_shards: int) -> None:
    before = [key for key in keys if key != new]
    old, grown = assign_shards(before, num_shards), assign_shards([*before, new], num_shards)
    assert np.array_equal(old.shard_N, grown.shard_N[:-1])
    for shard in range(num_shards):
        kept = [key for key in _members([*before, new], grown, shard) if key != new]
        assert kept == _members(before, old, shard)


@given(keys_lists, shard_counts, st.randoms())
def test_the_order_of_the_listing_does_not_matter(keys: list[str], num_shards: int, shuffler: random.Random) -> None:
    shuffled = list(keys)
    shuffler.shuffle(shuffled)
    one, other = assign_shards(keys, num_shards), assign_shards(shuffled, num_shards)
    for shard in range(num_shards):
        assert _members(keys, one, shard) == _members(shuffled, other, shard)


@given(keys_lists, shard_counts)
def test_round_robin_deals_clips_out_in_the_order_given(keys: list[str], num_shards: int) -> None:
    assignment = assign_shards(keys, num_shards, round_robin=True)
    assert assignment.shard_N.tolist() == [i % num_shards for i in range(len(keys))]
    for shard in range(num_shards):
        assert _members(keys, assignment, shard) == keys[shard::num_shards]


@pytest.mark.parametrize("round_robin", [False, True])
def test_equal_keys_are_refused(round_robin: bool) -> None:
    with pytest.raises(ValueError, match="s1/a"):
        assign_shards(["s1/a", "s1/b", "s1/a"], 4, round_robin=round_robin)


@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))))
def test_a_shards_name_can_be_read_back(pair: tuple[int, int]) -> None:
    assert parse_shard_name(shard_name(*pair)) == pair


def test_a_shards_name_is_that_of_its_files() -> None:
    assert shard_name(7, 64) == "00007-of-00064"


@pytest.mark.parametrize(
    "name",
    ["7-of-64", "00064-of-00064", "00007-of-00064.tfrecord", "00000-of-00000", "00001_of_00064", "0000٧-of-00064"],
)
def test_other_text_is_no_shards_name(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a shard"):
        parse_shard_name(name)


@pytest.mark.parametrize(("shard", "num_shards"), [(0, 0), (-1, 4), (4, 4), (0, 100_001)])
def test_a_shard_that_cannot_be_has_no_name(shard: int, num_shards: int) -> None:
    with pytest.raises(ValueError):
        shard_name(shard, num_shards)


@pytest.mark.parametrize(
    ("shards", "num_indexes", "parts"),
    [
        ((0, 1, 2, 3, 4), 2, [(0, 2, 4), (1, 3)]),
        ((7, 3, 9), 3, [(7,), (3,), (9,)]),
        ((5,), 1, [(5,)]),
        ((1, 2), 4, [(1,), (2,), (), ()]),
    ],
)
def test_an_index_carries_every_nth_of_the_listed_shards(shards, num_indexes, parts) -> None:
    assert [part_of(shards, index, num_indexes) for index in range(num_indexes)] == parts


@given(st.lists(st.integers(0, 500), unique=True), st.integers(1, 40))
def test_parts_are_balanced_and_leave_nothing_out(shards, num_indexes) -> None:
    parts = [part_of(shards, index, num_indexes) for index in range(num_indexes)]
    assert sorted(shard for part in parts for shard in part) == sorted(shards)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize(("index", "num_indexes"), [(2, 2), (-1, 3), (0, 0)])
def test_an_index_that_is_none_is_refused(index, num_indexes) -> None:
    with pytest.raises(ValueError, match="--num-indexes"):
        part_of((1, 2), index, num_indexes)


@pytest.mark.parametrize(
    ("shards", "text"), [((0,), "0"), ((3, 1, 2), "1-3"), ((0, 4, 5, 7), "0,4-5,7"), (range(5000), "0-4999")]
)
def test_a_list_of_shards_is_short_text_and_back(shards, text) -> None:
    assert shards_text(shards) == text
    assert parse_shards(f"{text}\n", 5000) == tuple(sorted(shards))


@pytest.mark.parametrize("text", ["", "4", "1-4", "a", "1,,2", "-1", "²"])
def test_what_is_no_list_of_shards_is_refused(text) -> None:
    with pytest.raises(ValueError, match=r"is not one of 0\.\.3"):
        parse_shards(text, 4)


@pytest.mark.parametrize(
    ("num_shards", "prefixes"),
    [(1, ("",)), (10_000, ("",)), (10_001, ("0", "1")), (20_000, ("0", "1")), (100_000, tuple("0123456789"))],
)
def test_prefixes_divide_the_names_of_all_shards(num_shards, prefixes):
    assert name_prefixes(num_shards) == prefixes
    for shard in {0, num_shards // 2, num_shards - 1}:
        assert sum(shard_name(shard, num_shards).startswith(prefix) for prefix in prefixes) == 1
