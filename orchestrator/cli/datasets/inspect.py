"""`visemill inspect`: one record, its features, its label as text, and a contact sheet of its frames; or a sign clip's
npz, parquet or labels, and a sheet of its skeletons.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.cli.answer import Answer
from orchestrator.console.heartbeat import Heartbeat
from services.base.errors import EXIT_BAD_SHARD, EXIT_OK, BadConfig, BadInput
from services.base.store.open import open_store

# By the ending of the file; any other is taken for TFRecords.
_SIGN_FILES = (".npz", ".parquet", ".csv")


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="a .tfrecord, or an .npz, .parquet or labels .csv of sign; a path or s3://bucket/…"
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


def inspect(flags: argparse.Namespace) -> Answer:
    """By the records service's own argv. Exits 65 for a sign clip that breaks a rule; raises BadInput for no record."""
    with tempfile.TemporaryDirectory() as folder:
        path = flags.file
        if "://" in path:
            root, _, name = path.rpartition("/")
            path = str(Path(folder) / name)
            open_store(root, must_exist=True).fetch(name, Path(path))
        is_sign = path.lower().endswith(_SIGN_FILES)
        module = "services.records.sign.inspect" if is_sign else "services.records.grid.inspect"
        argv = [sys.executable, "-m", module, path, "-o", "json"]
        argv += ["--key", flags.key] if flags.key else ["--index", str(flags.index)]
        argv += ["--png", flags.png] if flags.png else []
        with Heartbeat("reading the record"):
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode == BadConfig.exit_code:
        raise BadConfig("NOT_INSPECTED", done.stderr.strip() or done.stdout.strip())
    if done.returncode != 0:
        raise BadInput("NOT_INSPECTED", (done.stderr.strip() or done.stdout.strip()).splitlines()[-1])
    data = json.loads(done.stdout)
    return Answer("\n".join(_lines(data)), data, EXIT_BAD_SHARD if data.get("breaches") else EXIT_OK)


def _lines(data: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """A fact a line; what is within another is set in."""
    for name, value in data.items():
        if isinstance(value, Mapping) and not indent:
            yield f"{name}:"
            yield from _lines(value, "  ")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"{name}:"
            yield from (f"  {', '.join(f'{k} {v}' for k, v in row.items())}" for row in value)
        else:
            yield f"{indent}{name}: {value}"
