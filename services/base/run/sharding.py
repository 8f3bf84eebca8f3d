"""Which shard a clip belongs to, and its place in it. Pure: a function of the clips' keys and the number of shards.

A shard is the unit of work, retry and commit. Its number follows from the clip's key alone, so that a clip that is
added or taken away moves no other clip to another shard.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MAX_SHARDS = 100_000
_NAME = re.compile(r"([0-9]{5})-of-([0-9]{5}|[1-9][0-9]{5})", re.ASCII)


@dataclass(frozen=True)
class Assignment:
    """shard_N, position_N: int32 [num_clips], for each clip in the order given: its shard, and its place in there."""

    shard_N: npt.NDArray[np.int32]
    position_N: npt.NDArray[np.int32]

    def __post_init__(self) -> None:
        if self.shard_N.shape != self.position_N.shape or self.shard_N.ndim != 1:
            raise ValueError(f"one shard and one position a clip, not {self.shard_N.shape}, {self.position_N.shape}")

    def __len__(self) -> int:
        return len(self.shard_N)

    def order(self) -> npt.NDArray[np.int64]:
        """Indices of the clips, int64 [num_clips], sorted by shard and then by position: the order of a manifest."""
        return np.lexsort((self.position_N, self.shard_N))


def check_num_shards(num_shards: int) -> None:
    """Raises ValueError unless 1 <= num_shards <= MAX_SHARDS."""
    if not 1 <= num_shards <= MAX_SHARDS:
        raise ValueError(f"the number of shards must be from 1 to {MAX_SHARDS}, not {num_shards}")


def shard_of(key: str, num_shards: int) -> int:
    """sha256(key in UTF-8), read as one big-endian number, modulo num_shards (1 or more)."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()) % num_shards


def assign_shards(keys: Sequence[str], num_shards: int, *, round_robin: bool = False) -> Assignment:
    """Each key's shard, and its position there.

    By default the shard is `shard_of(key)`, sorted by key (code points) inside. With round_robin the keys' own order
    counts instead: key i goes to shard i modulo num_shards, as its (i // num_shards)-th. Raises ValueError when two
    keys are equal.
    """
    check_num_shards(num_shards)
    keys = list(keys)
    num_clips = len(keys)
    by_key = sorted(range(num_clips), key=keys.__getitem__)
    _refuse_equal_keys(keys, by_key)
    if round_robin:
        index_N = np.arange(num_clips, dtype=np.int32)
        return Assignment(index_N % np.int32(num_shards), index_N // np.int32(num_shards))
    shard_N = np.fromiter((shard_of(key, num_shards) for key in keys), np.int32, num_clips)
    by_shard_and_key = np.array(by_key, np.int64)
    by_shard_and_key = by_shard_and_key[np.argsort(shard_N[by_shard_and_key], kind="stable")]
    starts_S = np.concatenate(([0], np.cumsum(np.bincount(shard_N, minlength=num_shards))))
    position_N = np.empty(num_clips, np.int32)
    position_N[by_shard_and_key] = np.arange(num_clips) - starts_S[shard_N[by_shard_and_key]]
    return Assignment(shard_N, position_N)


def _refuse_equal_keys(keys: Sequence[str], by_key: Sequence[int]) -> None:
    for before, after in itertools.pairwise(map(keys.__getitem__, by_key)):
        if before == after:
            raise ValueError(f"two clips have the key {after!r}; keys must differ: rename one of them")


def shard_name(shard: int, num_shards: int) -> str:
    """`00007-of-00064`: the name of a shard in folders and files. Raises ValueError."""
    check_num_shards(num_shards)
    if not 0 <= shard < num_shards:
        raise ValueError(f"shard {shard} is not one of 0..{num_shards - 1}")
    return f"{shard:05d}-of-{num_shards:05d}"


def parse_shard_name(name: str) -> tuple[int, int]:
    """(shard, num_shards) from what `shard_name` wrote. Raises ValueError for any other text."""
    match = _NAME.fullmatch(name)
    if match:
        shard, num_shards = int(match[1]), int(match[2])
        if shard < num_shards <= MAX_SHARDS:
            return shard, num_shards
    raise ValueError(f"{name!r} is not the name of a shard such as 00007-of-00064")


def name_prefixes(num_shards: int) -> tuple[str, ...]:
    """What the names of all shards begin with, each prefix 10,000 names at most: parts of a listing."""
    return tuple(map(str, range(-(-num_shards // 10_000)))) if num_shards > 10_000 else ("",)


def part_of(shards: Sequence[int], index: int, num_indexes: int) -> tuple[int, ...]:
    """The shards of the list that an index of a Job processes: every num_indexes-th, so sizes differ by one at most.

    Raises ValueError unless 0 <= index < num_indexes.
    """
    if not 0 <= index < num_indexes:
        raise ValueError(f"index {index} is not one of 0..{num_indexes - 1}: give --index and --num-indexes together")
    return tuple(shards[index::num_indexes])


def shards_text(shards: Iterable[int]) -> str:
    """`0,4-7`: a list of shards in few words, in rising order, each once."""
    pieces: list[list[int]] = []
    for shard in sorted(set(shards)):
        if pieces and pieces[-1][1] == shard - 1:
            pieces[-1][1] = shard
        else:
            pieces.append([shard, shard])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in pieces)


def parse_shards(text: str, num_shards: int) -> tuple[int, ...]:
    """The shards of `0,4-7`, in the order given. Raises ValueError for what is no list of shards below num_shards."""
    shards: list[int] = []
    for piece in text.strip().split(","):
        first, dash, last = piece.partition("-")
        begin = _number(first, num_shards)
        shards += range(begin, (_number(last, num_shards) if dash else begin) + 1)
    return tuple(shards)


def _number(text: str, num_shards: int) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) >= num_shards:
        raise ValueError(f"shard {text!r} is not one of 0..{num_shards - 1}")
    return int(text)
