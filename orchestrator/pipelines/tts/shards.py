"""PURE: how clips of very different lengths are dealt out to shards that take about as long as each other."""

from __future__ import annotations

import heapq

import numpy as np
import numpy.typing as npt

from services.base.run.sharding import MAX_SHARDS, Assignment, check_num_shards

SHARD_S = 1800.0
"""Sound in a shard where nobody says how many shards there are."""

BYTES_A_SECOND = 48_000.0
"""Of 16 bit at 24 kHz: what a clip's bytes count as where nothing says how long it is."""

# What a clip of unknown duration and size counts as.
_USUAL_CLIP_S = 5.0
# No clip lasts a day, or less than a millisecond: what says so says nothing.
_LEAST_S, _MOST_S = 0.001, 86_400.0
_MS_A_SECOND = 1000


def weights_s(durations_s_N: npt.NDArray[np.float64], sizes_bytes_N: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Seconds that each clip counts as, float64 [N]: as stated, else by its bytes at the rate of those that say both.

    durations_s_N: NaN where it is not stated; what no clip can last is none. sizes_bytes_N: 0 where it is not known.
    """
    says_N = (durations_s_N >= _LEAST_S) & (durations_s_N < _MOST_S)
    both_N = says_N & (sizes_bytes_N > 0)
    rate = sizes_bytes_N[both_N].sum() / durations_s_N[both_N].sum() if both_N.any() else BYTES_A_SECOND
    by_size_N = np.where(sizes_bytes_N > 0, sizes_bytes_N / rate, _USUAL_CLIP_S)
    return np.where(says_N, durations_s_N, by_size_N)


def num_shards_for(seconds_N: npt.NDArray[np.float64]) -> int:
    """Shards of about SHARD_S each; no more than there are clips."""
    return max(1, min(round(float(seconds_N.sum()) / SHARD_S), len(seconds_N), MAX_SHARDS))


def dealt_out(seconds_N: npt.NDArray[np.float64], num_shards: int) -> Assignment:
    """Each clip's shard, and its position there: the longest clip first, each to the shard that has least until then.

    Shards are numbered by falling total, so that whoever takes them in order ends with the smallest; inside one, clips
    stand in the order given. A function of the arguments alone. Raises ValueError for an impossible number of shards.
    """
    check_num_shards(num_shards)
    # Whole numbers add up to the same in any order.
    ms_N = np.rint(seconds_N * _MS_A_SECOND).astype(np.int64)
    totals = [(0, shard) for shard in range(num_shards)]
    shard_N = np.empty(len(ms_N), np.int32)
    for i in np.argsort(-ms_N, kind="stable").tolist():
        total_ms, shard = totals[0]
        shard_N[i] = shard
        heapq.heapreplace(totals, (total_ms + int(ms_N[i]), shard))
    falling = sorted(totals, key=lambda one: (-one[0], one[1]))
    number_S = np.empty(num_shards, np.int32)
    number_S[[shard for _, shard in falling]] = np.arange(num_shards, dtype=np.int32)
    shard_N = number_S[shard_N]
    return Assignment(shard_N, _positions(shard_N, num_shards))


def _positions(shard_N: npt.NDArray[np.int32], num_shards: int) -> npt.NDArray[np.int32]:
    by_shard_N = np.argsort(shard_N, kind="stable")
    starts_S = np.concatenate(([0], np.cumsum(np.bincount(shard_N, minlength=num_shards))))
    position_N = np.empty(len(shard_N), np.int32)
    position_N[by_shard_N] = np.arange(len(shard_N)) - starts_S[shard_N[by_shard_N]]
    return position_N
