"""PURE: what a pipeline needs of a machine, as values: `doctor` looks whether it is there."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class StageNeed:
    """That a stage can be opened with these settings: its libraries and model files are there."""

    stage: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DecoderNeed:
    """A decoder that the media library was built with."""

    decoder: str


@dataclass(frozen=True)
class PackageNeed:
    """An installed distribution."""

    distribution: str


@dataclass(frozen=True)
class SpaceNeed:
    """Free bytes in a folder."""

    folder: str
    least_bytes: int


@dataclass(frozen=True)
class Need:
    """One part. name: as `doctor` calls it. purpose: what it is for. fix: how to get it; empty: as for others of its
    kind. is_needed: whether the pipeline cannot do without.
    """

    name: str
    what: StageNeed | DecoderNeed | PackageNeed | SpaceNeed
    purpose: str
    fix: str
    is_needed: bool = True


def pip_install(what: str) -> str:
    """The command that installs a distribution here."""
    return f"{sys.executable} -m pip install '{what}'"


def stage_needs(names: Iterable[str]) -> tuple[Need, ...]:
    """A need for each of these stages, with its defaults."""
    return tuple(Need(name, StageNeed(name), f"the stage {name}", "") for name in names)
