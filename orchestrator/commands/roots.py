"""Flags that name where things lie, the same on every command."""

from __future__ import annotations

import argparse
from pathlib import Path

from orchestrator.pin import claim_of, pinned_order
from orchestrator.submission import Allowed
from services.base import layout
from services.base.errors import BadConfig
from services.base.order import RunOrder
from services.base.store import Store, join_uri, open_store


def add_output_flags(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument("--output-root", required=required, help="folder or s3://bucket/prefix of the output")
    add_state_flags(parser)


def add_state_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state-root", default="", help="where the run's truth lies (default: OUTPUT_ROOT/.visemill)")
    parser.add_argument("--run", default="", help="name of the run (default: the first 16 digits of the plan's digest)")


def absolute(root: str) -> str:
    """A root that means the same in a worker: an absolute path, or the uri as it is, or nothing as nothing."""
    return root if "://" in root or not root else str(Path(root).expanduser().absolute())


def add_allow_flags(parser: argparse.ArgumentParser) -> None:
    """Of those who carry runs for others, such as `visemill serve`."""
    parser.add_argument(
        "--allow-root",
        action="append",
        default=[],
        metavar="ROOT",
        help="refuse a run whose state names roots or files that lie below none of these; may be repeated; default: "
        "any may be named",
    )
    parser.add_argument(
        "--allow-address",
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="with --allow-root: servers that the run's state may name; may be repeated; default: none",
    )


def allowed_of(flags: argparse.Namespace) -> Allowed | None:
    """What the state of a run may name; None: anything. Raises BadConfig."""
    if not flags.allow_root:
        return None
    try:
        return Allowed(tuple(flags.allow_root), tuple(flags.allow_address), real_root)
    except ValueError as error:
        raise BadConfig("BAD_FLAGS", f"--allow-root: {error}") from error


def real_root(root: str) -> str:
    """Where a root leads once links are followed."""
    return str(Path(root).resolve()) if root.startswith("/") else root


def state_root(flags: argparse.Namespace) -> str:
    """The state root of the flags, by default within the output root."""
    return absolute(flags.state_root) if flags.state_root else join_uri(absolute(flags.output_root), layout.STATE_DIR)


def open_named(flag: str, root: str, **how: bool) -> Store:
    """As open_store; what cannot be opened is said by the flag that names it."""
    try:
        return open_store(root, **how)
    except BadConfig as error:
        raise BadConfig(error.reason, f"{flag}: {error.message}", error.detail) from error


def find_run(flags: argparse.Namespace) -> tuple[RunOrder, Store, Store]:
    """(order, state, outputs) of the run that an output root holds. Raises BadConfig NO_RUN.

    The output may have been moved since: then it is not where the order says.
    """
    outputs = open_named("--output-root", absolute(flags.output_root))
    claim = claim_of(outputs)
    if claim is None:
        raise BadConfig("NO_RUN", f"{outputs.uri} holds no run: check --output-root, or begin one with `visemill run`")
    if flags.run and flags.run != claim.run:
        raise BadConfig("NO_RUN", f"{outputs.uri} holds run {claim.run}, not {flags.run}: leave out --run")
    state = open_store(absolute(flags.state_root or claim.state) or join_uri(outputs.uri, layout.STATE_DIR))
    order = pinned_order(state, claim.run)
    if order is None or order.digest != claim.digest:
        raise BadConfig(
            "NO_RUN",
            f"{outputs.uri} holds run {claim.run}, whose plan is not below {state.uri}: give its `visemill run` "
            "command again, or the --state-root that it had",
        )
    return order, state, outputs
