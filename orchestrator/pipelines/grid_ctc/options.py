"""PURE: what a user may choose of a training of grid-ctc: the recipe's settings, and how many ranks there are."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

from services.base.run.passes import GangPlan
from services.base.stage.fields import option
from services.base.store.roots import absolute
from services.training.recipes.grid_ctc.spec import RECIPE, GridCtcConfig

PASS = "train"  # noqa: S105 - a name


def config_of(options: Any) -> GridCtcConfig:
    """The recipe's settings among the options. Raises ValueError."""
    fields = dataclasses.fields(GridCtcConfig)
    return GridCtcConfig(**{field.name: getattr(options, field.name) for field in fields})


def gangs(options: Any) -> tuple[GangPlan, ...]:
    """One pass, of the recipe."""
    roots = {name: absolute(getattr(options, name)) for name in ("data_root", "tensorboard_dir")}
    config = {**dataclasses.asdict(config_of(options)), **roots}
    return (GangPlan(PASS, RECIPE.name, config, options.num_ranks, options.ranks_per_pod, at_root=True),)


def _fields() -> list[tuple[str, Any, Any]]:
    hints = typing.get_type_hints(GridCtcConfig, include_extras=True)
    fields = [
        (
            field.name,
            hints[field.name],
            dataclasses.field(default=field.default, metadata=field.metadata),
        )
        for field in dataclasses.fields(GridCtcConfig)
    ]
    return [
        *fields,
        ("num_ranks", int, option(1, "processes that train together", group="training")),
        ("ranks_per_pod", int, option(1, "of them that share a pod", group="training")),
        ("num_shards", int, option(0, "none: what the ranks read is made", group="training", hidden=True)),
    ]


GridCtcOptions: type[Any] = dataclasses.make_dataclass(
    "GridCtcOptions",
    _fields(),
    frozen=True,
    namespace={"__doc__": "The recipe's settings, and ranks. Raises ValueError.", "__post_init__": config_of},
)
