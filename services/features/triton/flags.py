"""Flags of what is done with model repositories, for the service's own command line and for whoever runs it. Pure."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.features.networks import NETWORKS
from services.features.talker.spec import EXPORTED
from services.triton.flags import add_serving_flags, serving_argv

OF_NETWORKS = ("network", "weights", "weights_sha256", "seed")
"""Flags of `export` that say which networks, and with which weights."""

NAMES = (*NETWORKS, *EXPORTED)
"""What can be exported by its weights."""

Actions = Any  # what argparse.ArgumentParser.add_subparsers returns has no public name


def add_actions(actions: Actions, further: Sequence[str] = ()) -> list[argparse.ArgumentParser]:
    """list, export and verify, each a parser below `actions`. further: what can be exported beside networks."""
    listing = actions.add_parser(
        "list", **_about("list the networks that can be exported, and the models of a repository")
    )
    listing.add_argument(
        "repository", type=Path, metavar="REPOSITORY", nargs="?", help="folder that a Triton server reads"
    )
    export = actions.add_parser("export", **_about("write networks into a model repository"))
    export.add_argument(
        "what",
        nargs="?",
        choices=[*NAMES, *further],
        metavar="WHAT",
        help=f"{', '.join([*NAMES, *further])}: the same as --network, of one",
    )
    export.add_argument(
        "repository", type=Path, metavar="REPOSITORY", help="folder that a Triton server reads; created if missing"
    )
    export.add_argument(
        "--network",
        action="append",
        choices=list(NAMES),
        help="network to export; may be repeated (default: inception_v3)",
    )
    export.add_argument(
        "--weights",
        default="",
        help="trained weights of the network, of hubert also its folder; empty: seeded random ones",
    )
    export.add_argument(
        "--weights-sha256", default="", metavar="HEX", help="SHA-256 that the file of weights must have"
    )
    export.add_argument("--seed", type=int, default=0, help="seed of random weights (default: %(default)s)")
    add_serving_flags(export)
    verify = actions.add_parser("verify", **_about("read and compute every network of a model repository"))
    verify.add_argument("repository", type=Path, metavar="REPOSITORY", help="folder that a Triton server reads")
    verify.add_argument("--server", default="", metavar="HOST:PORT", help="also ask this Triton server")
    return [listing, export, verify]


def networks_of(flags: argparse.Namespace) -> list[str]:
    """Those that an export is of, each once; empty: none is named."""
    return list(dict.fromkeys([*([flags.what] if flags.what else []), *(flags.network or ())]))


def _about(text: str) -> dict[str, str]:
    return {"help": text, "description": f"{text[:1].upper()}{text[1:]}."}


def argv_of(flags: argparse.Namespace) -> list[str]:
    """The command line that gives these flags: the action, its flags, the repository."""
    argv = [str(flags.action)]
    names = {"export": ("weights", "weights_sha256", "seed"), "verify": ("server",)}.get(flags.action, ())
    argv += [f"--{name.replace('_', '-')}={getattr(flags, name)}" for name in names]
    if flags.action == "export":
        argv += [f"--network={network}" for network in networks_of(flags)]
        argv += serving_argv(flags)
    return argv if flags.repository is None else [*argv, "--", str(flags.repository)]
