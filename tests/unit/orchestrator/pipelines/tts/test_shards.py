"""Shards of about half an hour of sound, that take about as long as each other whatever the clips' lengths are."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.pipelines.tts.shards import SHARD_S, dealt_out, num_shards_for, weights_s
from services.base.run.sharding import MAX_SHARDS


def seconds(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


@pytest.mark.parametrize(
    ("durations_s", "sizes_bytes", "expected_s"),
    [
        ((3.0, 5.0), (10, 10), (3.0, 5.0)),
        # At the rate of the one that says both.
        ((2.0, math.nan), (200, 300), (2.0, 3.0)),
        # Nobody says any: 16 bit at 24 kHz.
        ((math.nan, math.nan), (48_000, 96_000), (1.0, 2.0)),
        ((math.nan, 0.0), (0, 0), (5.0, 5.0)),
        # What no clip can last is no duration.
        ((1e300, 1e-320, 2.0), (100, 300, 200), (1.0, 3.0, 2.0)),
        ((), (), ()),
    ],
)
def test_a_clip_counts_as_long_as_it_says_or_as_its_bytes_are(durations_s, sizes_bytes, expected_s) -> None:
    found = weights_s(seconds(*durations_s), np.array(sizes_bytes, np.int64))
    assert found.tolist() == list(expected_s)


@pytest.mark.parametrize(
    ("seconds_N", "num_shards"),
    [
        (np.zeros(0), 1),
        (np.full(1, 1e6), 1),
        (np.full(100, 1.0), 1),
        (np.full(720, 5.0), 2),
        (np.full(144_000, 5.0), 400),
        (np.full(2 * MAX_SHARDS, SHARD_S), MAX_SHARDS),
    ],
)
def test_there_is_a_shard_for_each_half_hour(seconds_N: np.ndarray, num_shards: int) -> None:
    assert num_shards_for(seconds_N) == num_shards


@pytest.mark.parametrize(
    ("lengths_s", "num_shards", "shards", "positions"),
    [
        ((), 2, [], []),
        ((1.0,), 3, [0], [0]),
        ((1.0, 1.0, 1.0), 3, [0, 1, 2], [0, 0, 0]),
        # 4 | 3 + 2 | the one with most is the first.
        ((2.0, 4.0, 3.0), 2, [0, 1, 0], [0, 0, 1]),
        ((5.0, 4.0, 3.0, 3.0, 3.0), 2, [1, 0, 0, 1, 0], [0, 0, 1, 1, 2]),
    ],
)
def test_the_longest_go_first_to_the_shard_with_least(lengths_s, num_shards, shards, positions) -> None:
    dealt = dealt_out(seconds(*lengths_s), num_shards)
    assert (dealt.shard_N.tolist(), dealt.position_N.tolist()) == (shards, positions)


@given(st.lists(st.floats(0.001, 3600), max_size=60), st.integers(1, 12))
def test_no_shard_has_more_than_another_by_more_than_one_clip(lengths_s: list[float], num_shards: int) -> None:
    dealt = dealt_out(seconds(*lengths_s), num_shards)
    totals_S = np.bincount(dealt.shard_N, weights=seconds(*lengths_s), minlength=num_shards)
    assert (np.diff(totals_S) <= 0.001 * (len(lengths_s) + 1)).all()
    assert totals_S.max() - totals_S.min() <= max(lengths_s, default=0.0) + 0.001 * (len(lengths_s) + 1)
    for shard in range(num_shards):
        assert dealt.position_N[dealt.shard_N == shard].tolist() == list(range((dealt.shard_N == shard).sum()))


def test_an_impossible_number_is_refused() -> None:
    with pytest.raises(ValueError, match="number of shards"):
        dealt_out(seconds(1.0), 0)
