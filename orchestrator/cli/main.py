"""The command line `visemill`: parse, call, print; nothing else. Exit codes: orchestrator/cli/commands.py."""

from __future__ import annotations

import argparse
import io
import itertools
import json
import logging
import math
import os
import sys
import traceback
from collections.abc import Sequence
from typing import TextIO

from orchestrator.cli.answer import Answer, answer_of_error
from orchestrator.cli.commands import build_parser, commands
from orchestrator.cli.parsing.originals import translate_original, with_only_pipeline
from orchestrator.cli.parsing.request_file import with_pipeline, with_place
from orchestrator.console.escape import one_line, printable
from services.base.errors import EXIT_BUG, EXIT_INTERRUPTED, BadConfig, Transient, VisemillError


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code."""
    if argv is None:
        # What this process starts finds the same modules, whatever `services` or `av.py` the user's folder holds.
        os.environ.setdefault("PYTHONSAFEPATH", "1")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    # Whoever started this may have closed them: then nothing is printed, and the rest is done.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        # Paths may hold what the terminal's encoding, or any encoding, cannot say.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    line, notes = translate_original(sys.argv[1:] if argv is None else argv)
    flags = argparse.Namespace(output=_output_of(line))
    try:
        line = with_only_pipeline(line)
        line = with_pipeline(line, {command.name for command in commands() if command.per_pipeline})
        command, pipeline = (*line[:2], "", "")[:2]
        flags = build_parser(command, pipeline).parse_args(line)
        _require_finite(flags)
        _require_roots(flags)
        for note in (*notes, *vars(flags).get("unused_flags", ())):
            sys.stderr.write(f"note: {one_line(note)}\n")
        answer: Answer = flags.call(flags)
    except VisemillError as error:
        error.message = with_place(error.message, getattr(flags, "request_places", {}))
        return _fail(flags.output, error)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return EXIT_BUG
    except Exception as error:  # noqa: BLE001 - reported with its traceback, under the exit code of a bug
        bug = VisemillError(
            "INTERNAL_ERROR", f"{error!r}: please report it, with the traceback", traceback.format_exc()
        )
        return _fail(flags.output, bug)
    text = json.dumps(answer.data, indent=2, ensure_ascii=False) if flags.output == "json" else printable(answer.text)
    return _tell(text, answer.exit_code)


def _output_of(line: Sequence[str]) -> str:
    """The format of an answer where the command line cannot be read whole."""
    given = {*line, *(f"{before} {word}" for before, word in itertools.pairwise(line))}
    return "json" if given & {"-o json", "-ojson", "--output json", "--output=json"} else "text"


def _require_finite(flags: argparse.Namespace) -> None:
    """A limit of nan is passed by everything, and a time of inf never ends. Raises BadConfig BAD_FLAGS."""
    for name, value in vars(flags).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise BadConfig("BAD_FLAGS", f"--{name.replace('_', '-')} must be a finite number, not {value}")


def _require_roots(flags: argparse.Namespace) -> None:
    """A root that is given and empty, as of a variable that is not set, names nothing. Raises BadConfig BAD_URI."""
    for name in ("input_root", "further_roots", "output_root", "registry", "root", "allow_root"):
        value = getattr(flags, name, None)
        if value == "" or (isinstance(value, list | tuple) and "" in value):
            flag = "--input-root" if name == "further_roots" else f"--{name.replace('_', '-')}"
            raise BadConfig("BAD_URI", f"{flag} is empty; give a path, file:///path or s3://bucket/prefix")


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - a device, for as long as the process lives


def _tell(text: str, exit_code: int) -> int:
    """Writes an answer. A reader that has gone changes nothing, a disk that is full does: returns the exit code."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError as error:
        # What is still in the buffer would fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            return _fail(
                "text",
                Transient(
                    "OUTPUT_LOST", f"the answer cannot be written to standard output ({error}): run the command again"
                ),
            )
    return exit_code


def _fail(output: str, error: VisemillError) -> int:
    failed = answer_of_error(error)
    if output == "json":
        return _tell(json.dumps(failed.data, indent=2), failed.exit_code)
    sys.stderr.write(printable(failed.text) + "\n")
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
