import hashlib
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.shards import Assignment, assign_shards, parse_shard_name, shard_name, shard_of

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
def test_compat_order_deals_clips_out_in_the_order_given(keys: list[str], num_shards: int) -> None:
    assignment = assign_shards(keys, num_shards, compat_order=True)
    assert assignment.shard_N.tolist() == [i % num_shards for i in range(len(keys))]
    for shard in range(num_shards):
        assert _members(keys, assignment, shard) == keys[shard::num_shards]


@pytest.mark.parametrize("compat_order", [False, True])
def test_equal_keys_are_refused(compat_order: bool) -> None:
    with pytest.raises(ValueError, match="s1/a"):
        assign_shards(["s1/a", "s1/b", "s1/a"], 4, compat_order=compat_order)


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
