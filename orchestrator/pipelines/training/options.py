"""PURE: options of a training, made of the settings of its recipe, and of how many ranks there are."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

from services.base.run.passes import GangPlan, check_min_ranks
from services.base.stage.fields import option
from services.base.store.roots import absolute
from services.training.spec import OWN_CHECKPOINTS

_PLACES = ("data_root", "tensorboard_dir", "resume", "init", "syncnet_checkpoint", "consent")
PASS = "train"  # noqa: S105 - a name


def config_of(config: type[Any], options: Any) -> Any:
    """The recipe's settings among the options. Raises ValueError."""
    return config(**{field.name: getattr(options, field.name) for field in dataclasses.fields(config)})


def gangs_of(recipe: str, config: type[Any], options: Any) -> tuple[GangPlan, ...]:
    """One pass, of the recipe. What its settings name is named absolutely."""
    places = [name for name in _PLACES if getattr(options, name, "") not in OWN_CHECKPOINTS]
    roots: Mapping[str, str] = {name: absolute(getattr(options, name)) for name in places}
    values = {**dataclasses.asdict(config_of(config, options)), **roots}
    return (
        GangPlan(
            *(PASS, recipe, values, options.num_ranks, options.ranks_per_pod),
            at_root=True,
            min_ranks=options.min_ranks,
            min_ranks_after_s=options.min_ranks_after_s,
        ),
    )


def options_of(name: str, config: type[Any]) -> type[Any]:
    """The class of that name: the recipe's settings, ranks, and pods."""
    hints = typing.get_type_hints(config, include_extras=True)
    fields: list[tuple[str, Any, Any]] = [
        (field.name, hints[field.name], dataclasses.field(default=field.default, metadata=field.metadata))
        for field in dataclasses.fields(config)
    ]
    fields += [
        ("num_ranks", int, option(1, "processes that train together", group="training")),
        ("ranks_per_pod", int, option(1, "of them that share a pod", group="training")),
        (
            "min_ranks",
            int,
            option(
                0,
                "fewest that go on, on Kubernetes, where nodes are short; 0: all of them or none",
                group="training",
            ),
        ),
        (
            "min_ranks_after_s",
            float,
            option(60.0, "time that pods may wait for nodes before fewer ranks go on", group="training", unit="s"),
        ),
        ("num_shards", int, option(0, "none: what the ranks read is made", group="training", hidden=True)),
    ]

    def check(self: Any) -> None:
        config_of(config, self)
        check_min_ranks(self.min_ranks, self.num_ranks, self.min_ranks_after_s)

    return dataclasses.make_dataclass(
        name,
        fields,
        frozen=True,
        namespace={"__doc__": "The recipe's settings, and ranks. Raises ValueError.", "__post_init__": check},
    )
