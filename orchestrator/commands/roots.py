"""Flags that name where things lie, the same on every command."""

from __future__ import annotations

import argparse
from pathlib import Path

from orchestrator.observe import observe, runs
from services.base import layout
from services.base.errors import BadConfig
from services.base.order import RunOrder
from services.base.store import NotThere, Store, join_uri, open_store


def add_output_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output-root", required=True, help="folder or s3://bucket/prefix of the output")
    add_state_flags(parser)


def add_state_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state-root", default="", help="where the run's truth lies (default: OUTPUT_ROOT/.visemill)")
    parser.add_argument("--run", default="", help="name of the run (default: the first 16 digits of the plan's digest)")


def absolute(root: str) -> str:
    """A root that means the same in a worker: an absolute path, or the uri as it is."""
    return root if "://" in root else str(Path(root).expanduser().absolute())


def state_root(flags: argparse.Namespace) -> str:
    """The state root of the flags, by default within the output root."""
    return absolute(flags.state_root) if flags.state_root else join_uri(absolute(flags.output_root), layout.STATE_DIR)


def find_run(flags: argparse.Namespace) -> tuple[RunOrder, Store, Store]:
    """(order, state, outputs) of the run that an output root holds. Raises BadConfig NO_RUN."""
    state = open_store(state_root(flags))
    output_root = absolute(flags.output_root)
    names = [flags.run] if flags.run else runs(state)
    for name in names:
        try:
            order = observe(state, name).order
        except NotThere:
            continue
        if flags.run or order.output_root == output_root:
            return order, state, open_store(order.output_root)
    found = ", ".join(names) or "none"
    raise BadConfig(
        "NO_RUN",
        f"no run of {output_root} below {state.uri} (there: {found}): check --output-root, --state-root "
        "and --run, or begin one with `visemill run`",
    )
