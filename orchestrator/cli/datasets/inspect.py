"""`visemill inspect`: what a file of an output holds, and a contact sheet of it, shown by whose pipeline wrote it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from orchestrator.cli.answer import Answer, lines_of
from orchestrator.console.heartbeat import Heartbeat
from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.commands import commands_of
from services.base.errors import EXIT_BAD_SHARD, EXIT_OK, BadConfig, BadInput
from services.base.store.open import open_store


def add_flags(parser: argparse.ArgumentParser) -> None:
    endings = "; ".join(
        f"{', '.join(ending for ending in commands_of(name).inspects if ending)} of {name}"
        for name in PIPELINES
        if commands_of(name).inspects
    )
    parser.add_argument("file", metavar="FILE", help=f"a file of an output: {endings}; a path or s3://bucket/…")
    parser.add_argument(
        "--pipeline",
        choices=sorted(name for name in PIPELINES if commands_of(name).inspects),
        help="the pipeline that wrote it, where files of several have this ending",
    )
    parser.add_argument(
        "--index",
        type=int,
        default=0,
        help="number of the record, or of the frame of a clip, from 0 (default: %(default)s)",
    )
    parser.add_argument(
        "--key", default="", help="utterance, or speaker/utterance, instead of --index; for labels the file of a clip"
    )
    parser.add_argument(
        "--png", default="", help="write a contact sheet with the decoded label or the skeletons to this file"
    )


def inspector_of(path: str, pipeline: str | None = None) -> str:
    """The module that shows a file, by its ending. pipeline: that alone. Raises BadConfig where none or several do."""
    names = [pipeline] if pipeline else list(PIPELINES)
    found: dict[str, str] = {}
    for name in names:
        shows = commands_of(name).inspects
        ending = max((end for end in shows if end and path.lower().endswith(end)), key=len, default=None)
        if ending is not None:
            found[shows[ending]] = name
    if len(found) > 1:
        raise BadConfig(
            "WHICH_PIPELINE",
            f"{path} may be of {' or '.join(sorted(found.values()))}: give one of them as --pipeline",
        )
    rest = (commands_of(name).inspects.get("", "") for name in names)
    module = next(iter(found), "") or next(filter(None, rest), "")
    if not module:
        raise BadConfig("NOT_INSPECTED", f"{path} is no file that {', '.join(names)} can show: check its ending")
    return module


def inspect(flags: argparse.Namespace) -> Answer:
    """By the records service's own argv. Exits 65 for a file that breaks a rule; raises BadInput for no record."""
    with tempfile.TemporaryDirectory() as folder:
        path = flags.file
        if "://" in path:
            root, _, name = path.rpartition("/")
            path = str(Path(folder) / name)
            open_store(root, must_exist=True).fetch(name, Path(path))
        argv = [sys.executable, "-m", inspector_of(path, flags.pipeline), path, "-o", "json"]
        argv += ["--key", flags.key] if flags.key else ["--index", str(flags.index)]
        argv += ["--png", flags.png] if flags.png else []
        with Heartbeat("reading the record"):
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode == BadConfig.exit_code:
        raise BadConfig("NOT_INSPECTED", done.stderr.strip() or done.stdout.strip())
    if done.returncode != 0:
        raise BadInput("NOT_INSPECTED", (done.stderr.strip() or done.stdout.strip()).splitlines()[-1])
    data = json.loads(done.stdout)
    return Answer("\n".join(lines_of(data)), data, EXIT_BAD_SHARD if data.get("breaches") else EXIT_OK)
