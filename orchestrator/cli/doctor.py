"""`visemill doctor`: what this machine has for each pipeline, and what is missing: what for, and how to get it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from orchestrator.cli.answer import Answer
from orchestrator.cli.doctor_checks import Check, checks_of
from orchestrator.console.heartbeat import Heartbeat
from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.lookup import pipeline_of
from services.base.errors import EXIT_BAD_CONFIG, EXIT_OK, VisemillError
from services.base.stage.fields import ConfigField, fields_of


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "pipeline",
        nargs="?",
        choices=sorted(PIPELINES),
        metavar="PIPELINE",
        help=f"check only what this pipeline uses: {', '.join(sorted(PIPELINES))} (default: all, with optional)",
    )
    parser.add_argument(
        "--root",
        action="append",
        default=[],
        help="folder or s3:// root whose reading and writing is tried; may be repeated",
    )
    for field in _checked().values():
        parser.add_argument(
            field.flag, dest=field.name, default="", metavar="FILE", help=f"check this file, as {field.flag} of a run"
        )


def _checked() -> dict[str, ConfigField]:
    """Options of pipelines whose values are checked, by name."""
    found = [pipeline_of(name) for name in PIPELINES]
    return {
        field.name: field
        for pipeline in found
        for field in fields_of(pipeline.options)
        if field.name in pipeline.checked_options
    }


def doctor(flags: argparse.Namespace) -> Answer:
    """Exits 0 when all that is needed is there, 78 when it is not; what is optional only gets a line."""
    wanted = [flags.pipeline] if flags.pipeline else sorted(PIPELINES)
    given = {name: getattr(flags, name) for name in _checked()}
    checks = checks_of(wanted, flags.root, given, optional_extras=not flags.pipeline)
    found = []
    with Heartbeat("checking") as beat:
        for check in checks:
            beat.now(f"checking {check.name}")
            found.append(_found(check))
    healthy = all(one["ok"] for one in found if one["needed"])
    data = {"pipelines": wanted, "checks": found, "healthy": healthy}
    return Answer("\n".join(_lines(found)), data, EXIT_OK if healthy else EXIT_BAD_CONFIG)


def _found(check: Check) -> dict[str, object]:
    """ok: whether it is there. found: what, or why not."""
    try:
        ok, found = True, check.find()
    except VisemillError as error:
        ok, found = False, f"{error.reason}: {error.message}"
    return {
        "check": check.name,
        "ok": ok,
        "needed": check.needed,
        "found": found,
        "purpose": check.purpose,
        "fix": "" if ok else check.fix,
    }


def _lines(found: Iterable[dict[str, object]]) -> Iterable[str]:
    for one in found:
        word = "ok     " if one["ok"] else "MISSING" if one["needed"] else "absent "
        yield f"{word} {one['check']}: {one['found']}"
        if not one["ok"]:
            yield f"          for: {one['purpose']}"
            yield f"          fix: {one['fix']}"
