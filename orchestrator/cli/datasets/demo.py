"""`visemill demo-corpus`: talking-face clips made here, by the decode service's own argv."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

from orchestrator.cli.answer import Answer
from services.base.errors import BadConfig, VisemillError, from_kind


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", help="where to write; made if missing")
    kinds = "talking faces, or a signer with a folder a word (default: %(default)s)"
    parser.add_argument("--kind", choices=("grid", "sign"), default="grid", help=kinds)
    parser.add_argument("--speakers", type=int, default=4, help="speakers of kind grid (default: %(default)s)")
    parser.add_argument(
        "--clips", type=int, default=8, help="clips of each speaker of kind grid (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed, another corpus (default: %(default)s)")
    parser.add_argument("--broken", action="store_true", help="add a few bad files, to see what becomes of them")


def demo_corpus(flags: argparse.Namespace) -> Answer:
    """Raises BadConfig when the folder holds something else."""
    argv = [sys.executable, "-m", "services.corpus.demo", flags.directory, "-o", "json"]
    argv += ["--kind", flags.kind]
    argv += ["--speakers", str(flags.speakers), "--clips", str(flags.clips), "--seed", str(flags.seed)]
    argv += ["--broken"] if flags.broken else []
    said = ""
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        # Standard output is one line at the end, which a pipe holds.
        for line in process.stderr:
            said = line
            if not line.startswith('{"kind"'):
                sys.stderr.write(line)
        answer = process.stdout.read()
    if process.returncode != 0:
        raise _refusal(said, flags.directory)
    written = json.loads(answer)
    return Answer(f"{len(written)} files are in {flags.directory}", {"directory": flags.directory, "written": written})


def _refusal(said: str, directory: str) -> VisemillError:
    """What the service said last, as an error of ours."""
    if said.startswith('{"kind"'):
        return from_kind(**json.loads(said))
    return BadConfig("NO_CORPUS", f"the corpus could not be written to {directory}: see the lines above")
