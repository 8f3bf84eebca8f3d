"""`visemill health`: whether servers say that they serve, by grpc.health.v1."""

from __future__ import annotations

import argparse
import time
from typing import Any

from orchestrator.cli.answer import Answer
from services.base.errors import EXIT_OK, BadConfig, VisemillError
from services.base.rpc.client import CHECK_PATIENCE_S, check_remote


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="+", metavar="HOST:PORT", help="addresses of gRPC servers")
    parser.add_argument(
        "--patience-s", type=float, default=CHECK_PATIENCE_S, help="time to wait for each server (default: %(default)g)"
    )


def health(flags: argparse.Namespace) -> Answer:
    """Exits 0 when all serve; 78 when one refuses, else 75 when one does not answer. Raises BadConfig."""
    if flags.patience_s < 0:
        raise BadConfig("BAD_FLAGS", f"--patience-s must be 0 or more, not {flags.patience_s}")
    found = [_asked(target, flags.patience_s) for target in flags.targets]
    lines = [f"{'serves' if server['serves'] else 'FAILS '} {server['target']} {server['found']}" for server in found]
    return Answer("\n".join(lines), {"servers": found}, max((int(s["exit_code"]) for s in found), default=EXIT_OK))


def _asked(target: str, patience_s: float) -> dict[str, Any]:
    began_s = time.monotonic()
    try:
        check_remote(target, patience_s)
    except VisemillError as error:
        return {
            "target": target,
            "serves": False,
            "found": f"{error.reason}: {error.message}",
            "exit_code": error.exit_code,
        }
    return {
        "target": target,
        "serves": True,
        "found": f"after {time.monotonic() - began_s:.2f} s",
        "exit_code": EXIT_OK,
    }
