"""What a recipe is, to those who run it: what the ranks of a gang pass do together. Its spec.py exports `RECIPE`.

A recipe is to a gang pass what stages are to a pass over shards. Inert, as a `StageSpec` is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.base.stage.spec import ByName, Fingerprint, all_settings, no_models, no_settings


@dataclass(frozen=True)
class RecipeSpec:
    """version: raised by hand when what the ranks make changes. config: a frozen dataclass whose fields have defaults
    and scalar types. train: (config, rank) -> None, called once in the process of each rank; rank: a `Rank` of
    services/base/worker/rank.py. libraries, fingerprint, settled, models: as of a `StageSpec`.
    any_num_ranks: whether the number of ranks has no part in the result, so that a run goes on with another.
    entry_points: entry points of its own beside rank and describe, such as `test`: name -> (argv) -> exit code.
    """

    name: str
    version: int
    config: type
    train: ByName
    libraries: tuple[str, ...] = ()
    fingerprint: Callable[[Any], Fingerprint] = all_settings
    settled: Callable[[Any, str], Mapping[str, Any]] = no_settings
    models: Callable[[Any], Mapping[str, str]] = no_models
    any_num_ranks: bool = False
    entry_points: Mapping[str, ByName] = field(default_factory=dict)
