"""PURE: the passes of a run: over the shards of its data set (map), and the ranks of a training on it (gang).

Each has a digest of all that decides its result, which holds those of the passes that it comes after.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.base.digest import digest_of

MAP_PASS = "map"  # noqa: S105 - a name
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?", re.ASCII)
_MOST_RANKS = 4096


@dataclass(frozen=True)
class MapPass:
    """Shards of clips, each carried, committed and retried alone."""

    name: str
    digest: str
    num_shards: int


@dataclass(frozen=True)
class GangPass:
    """num_ranks processes that work on one thing together: all live, or none.

    recipe: name of what the ranks run. ranks_per_pod: that share a pod, or a process group. after: names of passes that
    must be finished. digest: of what decides the result; see `gang_pass`.
    """

    name: str
    recipe: str
    num_ranks: int
    digest: str
    ranks_per_pod: int = 1
    config: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name == MAP_PASS:
            raise ValueError(f"a pass is named by up to 16 of a-z, 0-9 and -, and not {MAP_PASS!r}; not {self.name!r}")
        if not 1 <= self.num_ranks <= _MOST_RANKS:
            raise ValueError(f"a gang has 1 to {_MOST_RANKS} ranks, not {self.num_ranks}")
        if self.ranks_per_pod < 1 or self.num_ranks % self.ranks_per_pod:
            raise ValueError(f"{self.num_ranks} ranks cannot be shared out as {self.ranks_per_pod} a pod")

    @property
    def num_pods(self) -> int:
        return self.num_ranks // self.ranks_per_pod


Pass = MapPass | GangPass


def gang_pass(
    name: str,
    recipe: str,
    num_ranks: int,
    config: Mapping[str, Any],
    after: Sequence[Pass],
    *,
    ranks_per_pod: int = 1,
) -> GangPass:
    """The pass with its digest, in which ranks_per_pod has no part: where a rank runs decides nothing."""
    facts = {
        "recipe": recipe,
        "num_ranks": num_ranks,
        "config": dict(config),
        "after": {one.name: one.digest for one in after},
    }
    names = tuple(one.name for one in after)
    return GangPass(name, recipe, num_ranks, digest_of(facts), ranks_per_pod, dict(config), names)


def check_order(passes: Sequence[Pass]) -> None:
    """Raises ValueError unless each pass has a name of its own and comes after passes that stand before it."""
    before: set[str] = set()
    for one in passes:
        if one.name in before:
            raise ValueError(f"two passes are named {one.name!r}; names must differ: rename one of them")
        missing = set(one.after) - before if isinstance(one, GangPass) else set()
        if missing:
            raise ValueError(f"pass {one.name!r} comes after {sorted(missing)}, which do not stand before it")
        before.add(one.name)
