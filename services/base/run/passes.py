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
RANK_LOST = "RANK_LOST"
"""Why a rank ends that has lost another: not the one whose last words count."""
_MOST_RANKS = 4096


@dataclass(frozen=True)
class MapPass:
    """Shards of clips, each processed, committed and retried alone."""

    name: str
    digest: str
    num_shards: int


@dataclass(frozen=True)
class GangPass:
    """num_ranks processes that work on one thing together: all live, or none.

    recipe: name of what the ranks run. ranks_per_pod: that share a pod, or a process group. after: names of passes that
    must be finished. at_root: whether its result lies in the output root itself, not in a folder of its name.
    any_num_ranks: whether the number of ranks has no part in the result. min_ranks: with which it goes on where pods
    have had no node for min_ranks_after_s; 0: with all of them alone. models,
    libraries: name -> digest or version of what decides the result beside the config. digest: of all that does; see
    `gang_pass`.
    """

    name: str
    recipe: str
    num_ranks: int
    digest: str
    ranks_per_pod: int = 1
    config: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    at_root: bool = False
    any_num_ranks: bool = False
    min_ranks: int = 0
    min_ranks_after_s: float = 60.0

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name == MAP_PASS:
            raise ValueError(f"a pass is named by up to 16 of a-z, 0-9 and -, and not {MAP_PASS!r}; not {self.name!r}")
        if not 1 <= self.num_ranks <= _MOST_RANKS:
            raise ValueError(f"a gang has 1 to {_MOST_RANKS} ranks, not {self.num_ranks}")
        if self.ranks_per_pod < 1 or self.num_ranks % self.ranks_per_pod:
            raise ValueError(f"{self.num_ranks} ranks cannot be shared out as {self.ranks_per_pod} a pod")
        if self.min_ranks and not self.any_num_ranks:
            raise ValueError(f"what {self.recipe} gives depends on the number of ranks: leave out min_ranks")
        check_min_ranks(self.min_ranks, self.num_ranks, self.min_ranks_after_s)

    @property
    def num_pods(self) -> int:
        return self.num_ranks // self.ranks_per_pod

    @property
    def min_pods(self) -> int:
        """With which it goes on where nodes are short."""
        return -(-self.min_ranks // self.ranks_per_pod) if self.min_ranks else self.num_pods

    def result_file(self, name: str) -> str:
        """Where a file of its result is published, below the output root."""
        return name if self.at_root else f"{self.name}/{name}"


def check_min_ranks(min_ranks: int, num_ranks: int, after_s: float) -> None:
    """Raises ValueError."""
    if not 0 <= min_ranks <= num_ranks:
        raise ValueError(f"min_ranks is {min_ranks}: give 1 to {num_ranks}, the number of ranks, or 0")
    if not after_s > 0:
        raise ValueError(f"min_ranks_after_s is {after_s:g}: give more than 0")


Pass = MapPass | GangPass


@dataclass(frozen=True)
class GangPlan:
    """A gang pass as a pipeline declares it. config: settings of the recipe. after: passes that must be finished.

    at_root: whether its result lies in the output root itself; of one pass of a run at most. min_ranks,
    min_ranks_after_s: as of the pass.
    """

    name: str
    recipe: str
    config: Mapping[str, Any] = field(default_factory=dict)
    num_ranks: int = 1
    ranks_per_pod: int = 1
    after: tuple[str, ...] = (MAP_PASS,)
    at_root: bool = False
    min_ranks: int = 0
    min_ranks_after_s: float = 60.0


def gang_pass(
    name: str,
    recipe: str,
    num_ranks: int,
    config: Mapping[str, Any],
    after: Sequence[Pass],
    *,
    ranks_per_pod: int = 1,
    identity: Mapping[str, Any] | None = None,
    at_root: bool = False,
    min_ranks: int = 0,
    min_ranks_after_s: float = 60.0,
) -> GangPass:
    """The pass with its digest, in which ranks_per_pod and at_root have no part: where a rank runs, and where its
    result lies, decide nothing. Nor has num_ranks, of a recipe that says so (any_num_ranks), and min_ranks never.

    identity: what the recipe says of itself under the config (`python -m services RECIPE describe`); None: nothing.
    """
    made = dict(identity or {})
    pinned = {**config, **made.get("settled", {})}
    facts = {
        "recipe": recipe,
        "version": made.get("version", 1),
        "num_ranks": num_ranks,
        "config": made.get("run_config", pinned),
        "models": made.get("models", {}),
        "libraries": made.get("libraries", {}),
        "after": {one.name: one.digest for one in after},
    }
    if made.get("any_num_ranks"):
        del facts["num_ranks"]
    return GangPass(
        name,
        recipe,
        num_ranks,
        digest_of(facts),
        ranks_per_pod,
        pinned,
        tuple(one.name for one in after),
        dict(made.get("models", {})),
        dict(made.get("libraries", {})),
        at_root,
        bool(made.get("any_num_ranks", False)),
        min_ranks,
        min_ranks_after_s,
    )


def gangs_of(plans: Sequence[GangPlan], map_pass: MapPass, identities: Sequence[Mapping[str, Any]]) -> list[GangPass]:
    """The gang passes of a run, pinned. identities: of their recipes, in order.

    Raises ValueError where one comes after a pass that does not stand before it.
    """
    made: dict[str, Pass] = {map_pass.name: map_pass}
    gangs = []
    for plan, identity in zip(plans, identities, strict=True):
        missing = sorted(set(plan.after) - made.keys())
        if missing or plan.name in made:
            raise ValueError(f"pass {plan.name!r} after {missing or plan.after}: give names that stand before it")
        after = [made[name] for name in plan.after]
        gang = gang_pass(
            *(plan.name, plan.recipe, plan.num_ranks, plan.config, after),
            ranks_per_pod=plan.ranks_per_pod,
            identity=identity,
            at_root=plan.at_root,
            min_ranks=plan.min_ranks,
            min_ranks_after_s=plan.min_ranks_after_s,
        )
        made[plan.name] = gang
        gangs.append(gang)
    return gangs


def whole_digest(map_digest: str, gangs: Sequence[GangPass]) -> str:
    """Of a run: that of its pass over the shards where there is no other, else of all."""
    return digest_of({one.name: one.digest for one in gangs} | {MAP_PASS: map_digest}) if gangs else map_digest


def check_order(passes: Sequence[Pass]) -> None:
    """Raises ValueError unless each pass has a name of its own and comes after passes that stand before it, and one
    result at most lies in the output root itself.
    """
    at_root = [one.name for one in passes if isinstance(one, GangPass) and one.at_root]
    if len(at_root) > 1:
        raise ValueError(f"the results of {' and '.join(at_root)} lie in one folder: give all but one their own")
    before: set[str] = set()
    for one in passes:
        if one.name in before:
            raise ValueError(f"two passes are named {one.name!r}; names must differ: rename one of them")
        missing = set(one.after) - before if isinstance(one, GangPass) else set()
        if missing:
            raise ValueError(f"pass {one.name!r} comes after {sorted(missing)}, which do not stand before it")
        before.add(one.name)
