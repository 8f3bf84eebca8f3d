"""Flags of an export to a model repository: how a network is served, and bundles, which their service reads. Pure."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from services.base.errors import BadConfig
from services.base.stage.config import add_config_flags, config_from_mapping
from services.triton.config import Serving

BUNDLES = "services.lipreading.export"
"""The command that exports the bundle of a lipreader, by name."""
HEADS = "services.talker.triton.export"
"""That of a talking head."""


def add_serving_flags(parser: argparse.ArgumentParser) -> None:
    """Those of `Serving`; one that is not given is None, and left to the exporter, which knows its networks."""
    add_config_flags(parser, Serving, unset=True)


def serving_of(flags: argparse.Namespace, usual: Mapping[str, Any] = MappingProxyType({})) -> Serving:
    """What was given, what is usual for a network, and the usual for the rest. Raises BadConfig."""
    given = {field.name: getattr(flags, field.name) for field in dataclasses.fields(Serving)}
    known = {**usual, **{name: value for name, value in given.items() if value is not None}}
    serving: Serving = config_from_mapping(Serving, known)
    return serving


def serving_argv(flags: argparse.Namespace) -> list[str]:
    """Those that were given, again."""
    argv = []
    for field in dataclasses.fields(Serving):
        name, value = field.name.replace("_", "-"), getattr(flags, field.name)
        switch = {True: f"--{name}", False: f"--no-{name}"}
        if value is not None:
            argv.append(switch[value] if isinstance(value, bool) else f"--{name}={value}")
    return argv


def add_bundle_flags(parser: argparse.ArgumentParser) -> None:
    """Of an export that may be of a bundle."""
    group = parser.add_argument_group(
        "a lipreader or a talking head in place of a network (where they are not given, --max-batch-size is 8, and "
        "--max-padding-percent 25 of a lipreader)"
    )
    group.add_argument("--bundle", default="", metavar="FOLDER", help="folder that `visemill export` wrote")
    group.add_argument(
        "--name",
        default="",
        help="of the model on the server (default: the bundle's recipe, of a head the name of its folder)",
    )


def bundle_argv(flags: argparse.Namespace, of_networks: Iterable[str]) -> list[str]:
    """What `BUNDLES` or `HEADS` is told; empty where no bundle is meant. of_networks: names of flags that mean nothing
    for one.

    Raises BadConfig BAD_FLAGS.
    """
    if not (flags.bundle or flags.name):
        return []
    if not flags.bundle:
        raise BadConfig("BAD_FLAGS", "--name is of a bundle: leave it out, or give --bundle FOLDER")
    for name in of_networks:
        if getattr(flags, name):
            raise BadConfig(
                "BAD_FLAGS",
                f"--{name.replace('_', '-')} is of a network, and a bundle has its own: leave one of them out",
            )
    own = [f"--bundle={flags.bundle}", f"--name={flags.name}"]
    return [*own, *serving_argv(flags), "--", str(flags.repository)]
