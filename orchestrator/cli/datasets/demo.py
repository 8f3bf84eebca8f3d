"""`visemill demo-corpus`: talking-face clips made here, by the decode service's own argv."""

from __future__ import annotations

import argparse
import os

from orchestrator.cli.answer import Answer
from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.commands import commands_of
from orchestrator.pipelines.service_commands import answer_of_module
from services.base.process.quantities import counted


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="FOLDER", help="folder to write to; created if missing")
    corpora = {name: commands_of(name).corpus for name in PIPELINES if commands_of(name).corpus}
    kinds = "; ".join(f"{name}: {text}" for name, text in corpora.items())
    parser.add_argument(
        "--kind", choices=tuple(corpora), default=next(iter(corpora), None), help=f"{kinds} (default: %(default)s)"
    )
    languages = _languages()
    parser.add_argument(
        "--language",
        choices=tuple(languages),
        help=f"in place of --kind: {'; '.join(f'{language} is {name}' for language, name in languages.items())}",
    )
    for name in _flags():
        parser.add_argument(
            f"--{name}", dest="kind", action="store_const", const=name, help=f"in place of --kind {name}"
        )
    parser.add_argument(
        "--seconds", type=int, default=120, help="of the video, where a corpus has one (default: %(default)s)"
    )
    parser.add_argument(
        "--speakers", type=int, default=4, help="speakers, where a corpus has several (default: %(default)s)"
    )
    parser.add_argument("--clips", type=int, default=8, help="clips per speaker, there (default: %(default)s)")
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N", help="processes that draw; 0: one a core (default: 0)"
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed of the corpus (default: %(default)s)")
    parser.add_argument("--broken", action="store_true", help="add a few broken files, to see how they are reported")


def demo_corpus(flags: argparse.Namespace) -> Answer:
    """Raises BadConfig when the folder holds something else."""
    kind = _languages()[flags.language] if flags.language else flags.kind
    argv = [flags.directory, "-o", "json", "--kind", kind]
    argv += ["--speakers", str(flags.speakers), "--clips", str(flags.clips), "--seed", str(flags.seed)]
    argv += ["--seconds", str(flags.seconds)]
    argv += ["--workers", str(flags.workers or len(os.sched_getaffinity(0)))]
    argv += ["--broken"] if flags.broken else []
    data, _ = answer_of_module("services.corpus.demo", argv, "generating the corpus")
    return Answer(f"{counted(len(data['written']), 'file')} in {flags.directory}", data)


def _flags() -> list[str]:
    """Kinds of corpus that have a flag of their own."""
    return [name for name in PIPELINES if commands_of(name).corpus_has_flag]


def _languages() -> dict[str, str]:
    """Language -> the kind of corpus that it means."""
    return {commands_of(name).corpus_language: name for name in PIPELINES if commands_of(name).corpus_language}
