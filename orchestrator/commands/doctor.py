"""`visemill doctor`: what this machine has, what is missing, and what to do about it."""

from __future__ import annotations

import argparse
import functools
import platform
from collections.abc import Callable

from orchestrator.commands import Answer
from orchestrator.commands.roots import absolute
from orchestrator.planning import describe
from orchestrator.progress import num_bytes
from services.base.errors import EXIT_BAD_CONFIG, VisemillError
from services.base.settings import granted_cores, granted_memory_bytes
from services.base.store import open_store


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root", action="append", default=[], help="a folder or s3:// root to try reading and writing; may be repeated"
    )
    parser.add_argument("--dlib-predictor", default="", metavar="FILE", help="check this 68-point file")


def doctor(flags: argparse.Namespace) -> Answer:
    """Exits 78 when the default pipeline could not run; optional parts only get a line."""
    dlib = {"backend": "dlib", "mode": "tracked", "dlib_predictor": flags.dlib_predictor}
    checks: list[tuple[str, bool, Callable[[], str]]] = [
        ("python", True, platform.python_version),
        ("cores granted", True, lambda: str(granted_cores())),
        ("memory granted", True, _memory),
        ("decode", True, lambda: _identity("decode", {})),
        ("records", True, lambda: _identity("records", {})),
        ("landmarks mediapipe", True, lambda: _identity("landmarks", {})),
        ("landmarks dlib (optional)", bool(flags.dlib_predictor), lambda: _identity("landmarks", dlib)),
    ]
    for root in flags.root:
        checks.append((f"store {root}", True, functools.partial(_store, root)))
    found = []
    for name, needed, call in checks:
        try:
            found.append({"check": name, "ok": True, "needed": needed, "found": call()})
        except VisemillError as error:
            found.append({"check": name, "ok": False, "needed": needed, "found": f"{error.reason}: {error.message}"})
    lines = [
        f"{'ok     ' if c['ok'] else 'MISSING' if c['needed'] else 'absent '} {c['check']}: {c['found']}" for c in found
    ]
    healthy = all(c["ok"] for c in found if c["needed"])
    return Answer("\n".join(lines), {"checks": found, "healthy": healthy}, 0 if healthy else EXIT_BAD_CONFIG)


def _memory() -> str:
    granted = granted_memory_bytes()
    return "no limit" if granted is None else num_bytes(granted)


def _identity(stage: str, config: dict[str, object]) -> str:
    identity = describe([(stage, config)])[0]
    versions = ", ".join(f"{name} {version}" for name, version in identity["libraries"].items())
    models = ", ".join(f"{name} {digest[:12]}" for name, digest in identity["models"].items())
    return f"{versions}; {models}" if models else versions


def _store(root: str) -> str:
    promises = open_store(absolute(root)).probe()
    problems = "; ".join(promises.problems()) or "keeps every promise"
    return problems if promises.free_bytes is None else f"{problems}, {num_bytes(promises.free_bytes)} free"
