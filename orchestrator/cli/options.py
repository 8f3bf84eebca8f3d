"""Flags that name where things lie, the same on every command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from orchestrator.access.allowed import Allowed
from orchestrator.kube.settings import KubeSettings
from orchestrator.roots import real_root
from services.base.errors import BadConfig
from services.base.stage.config import add_config_flags


class _InputRoots(argparse.Action):
    """The first root that is given is `input_root`, those after it are `further_roots`."""

    takes_several = True

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option_string: Any = None
    ) -> None:
        del parser, option_string
        if getattr(namespace, self.dest, None) is None:
            setattr(namespace, self.dest, values)
        else:
            namespace.further_roots = (*namespace.further_roots, values)


_OF_DATA_SET = "folder or s3://bucket/prefix of the data set; several are read as one: may be repeated"


def add_input_flag(
    parser: argparse.ArgumentParser, *, required: bool = True, aliases: Sequence[str] = (), text: str = _OF_DATA_SET
) -> None:
    parser.add_argument("--input-root", *aliases, required=required, action=_InputRoots, help=text)
    parser.set_defaults(further_roots=())


def add_output_flags(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument("--output-root", required=required, help="folder or s3://bucket/prefix of the output")
    add_state_flags(parser)


def add_state_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--state-root", default="", help="where the state of the run is kept (default: .visemill below the output root)"
    )
    parser.add_argument("--run", default="", help="name of the run (default: the first 16 digits of the plan's digest)")


def add_kube_flags(parser: argparse.ArgumentParser, *names: str) -> None:
    """A flag for each setting of a cluster of these names, or for all."""
    add_config_flags(parser, KubeSettings, only=names, group="Kubernetes", unset=True)


def add_allow_flags(parser: argparse.ArgumentParser) -> None:
    """For whoever runs pipelines for others, such as `visemill serve`."""
    parser.add_argument(
        "--allow-root",
        action="append",
        default=[],
        metavar="ROOT",
        help="refuse a run whose state names roots or files outside these; may be repeated (default: allow all)",
    )
    parser.add_argument(
        "--allow-address",
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="with --allow-root: servers that the state of the run may name; may be repeated (default: none)",
    )


def allowed_of(flags: argparse.Namespace) -> Allowed | None:
    """What the state of a run may name; None: anything. Raises BadConfig."""
    if not flags.allow_root:
        return None
    try:
        return Allowed(tuple(flags.allow_root), tuple(flags.allow_address), real_root)
    except ValueError as error:
        raise BadConfig("BAD_FLAGS", f"--allow-root: {error}") from error
