"""`visemill inspect`: one record, its features, its label as text, and a contact sheet of its frames."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from orchestrator.commands import Answer
from services.base.errors import BadConfig, BadInput
from services.base.store import open_store


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="a .tfrecord file, or s3://bucket/prefix/NAME.tfrecord")
    parser.add_argument("--index", type=int, default=0, help="place of the record, from 0 (default: %(default)s)")
    parser.add_argument("--key", default="", help="utterance id, or speaker/utterance, instead of a place")
    parser.add_argument("--png", default="", help="write a contact sheet with the decoded label here")


def inspect(flags: argparse.Namespace) -> Answer:
    """By the records service's own argv. Raises BadInput when there is no such record."""
    with tempfile.TemporaryDirectory() as folder:
        path = flags.file
        if "://" in path:
            root, _, name = path.rpartition("/")
            path = str(Path(folder) / name)
            open_store(root, must_exist=True).fetch(name, Path(path))
        argv = [sys.executable, "-m", "services.records.inspect", path, "-o", "json"]
        argv += ["--key", flags.key] if flags.key else ["--index", str(flags.index)]
        argv += ["--png", flags.png] if flags.png else []
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode == BadConfig.exit_code:
        raise BadConfig("NOT_INSPECTED", done.stderr.strip() or done.stdout.strip())
    if done.returncode != 0:
        raise BadInput("NOT_INSPECTED", (done.stderr.strip() or done.stdout.strip()).splitlines()[-1])
    data = json.loads(done.stdout)
    shown = [f"{name}: {value}" for name, value in data.items() if name != "features"]
    shown += [f"  {name}: {value}" for name, value in data.get("features", {}).items()]
    return Answer("\n".join(shown), data)
