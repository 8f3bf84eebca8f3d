"""The command line `visemill`: parse, call, print; nothing else.

Exit codes: 0 clean, 3 finished with quarantined clips, 64 usage, 65 over the limit on failures, 70 a bug, 75 try again,
78 a setting that cannot work, 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import io
import json
import logging
import math
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from orchestrator.cli import cluster, doctor, health, models, serve
from orchestrator.cli.answer import Answer
from orchestrator.cli.datasets import count, demo, inspect, plan, verify
from orchestrator.cli.device import add_device_flag
from orchestrator.cli.options import add_allow_flags, add_output_flags
from orchestrator.cli.runs import gc, pin, remote, report, reproduce, run, status
from orchestrator.pipelines.base import Pipeline
from orchestrator.planner.planning import add_pipeline_parsers
from services.base.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_USAGE, BadConfig, Transient, VisemillError

# Commands of the original script, whose flags ours keep.
ORIGINAL_COMMANDS = {"count-utterances": ("count", "grid"), "grid-to-tfrecords-parallel": ("run", "grid")}

_DESCRIPTION = "Raw speech and sign video in, training-ready features out.\n\n" + (__doc__ or "").partition("\n\n")[2]

# C0 and C1, but for tab and newline.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}

Command = Callable[[argparse.Namespace], Answer]


class _Parser(argparse.ArgumentParser):
    """Exits 64 on a bad command line; a root may be given by its place where a pipeline allows it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._roots: list[argparse.Action] = []

    def add_root(self, name: str, metavar: str) -> None:
        """A root that is given by place unless its flag `--name` is."""
        dest = name.replace("-", "_")
        action = self.add_argument(dest, metavar=metavar, default=argparse.SUPPRESS, help=f"the same as --{name}")
        self._roots.append(action)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        for action in self._roots:
            flag = f"--{action.dest.replace('_', '-')}"
            action.required = not any(word == flag or word.startswith(f"{flag}=") for word in args or ())
            action.nargs = None if action.required else argparse.SUPPRESS
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> None:  # type: ignore[override]
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def build_parser() -> argparse.ArgumentParser:
    """Every command with its flags."""
    parser = _Parser(prog="visemill", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"visemill {importlib.metadata.version('visemill')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, call: Command, text: str, *aliases: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text, aliases=list(aliases))
        _finish(sub, call)
        return sub

    def add_per_pipeline(name: str, call: Command, text: str) -> list[tuple[Pipeline, Any]]:
        sub = commands.add_parser(name, help=text, description=text)
        parsers = add_pipeline_parsers(sub)
        for _, below in parsers:
            _finish(below, call)
        return parsers

    text = "list and validate a data set, and predict what a run will take"
    for pipeline, sub in add_per_pipeline("plan", plan.plan, text):
        _add_roots(sub, pipeline)
        plan.add_plan_flags(sub)
        add_device_flag(sub)
        run.add_run_flags(sub)
    for pipeline, sub in add_per_pipeline("run", run.run, "make the training-ready output of a data set"):
        _add_roots(sub, pipeline)
        run.add_run_flags(sub)
        remote.add_server_flag(sub)
        cluster.add_cluster_flags(sub)
    text = "plan a run and pin it in its output; resume carries it out"
    for pipeline, sub in add_per_pipeline("pin", pin.pin_run, text):
        _add_roots(sub, pipeline)
        add_device_flag(sub)
    text = "count the clips that a run would find"
    for pipeline, sub in add_per_pipeline("count", count.count, text):
        _add_input_root(sub, pipeline)
    for name, call, text in (
        ("resume", run.resume, "carry on the run that an output root holds"),
        ("retry", run.retry, "try the quarantined clips of a run again"),
    ):
        sub = add(name, call, text)
        add_output_flags(sub)
        run.add_run_flags(sub)
        add_allow_flags(sub)
        sub.add_argument(
            "--workers", type=int, default=0, help="worker processes; 0: one a core (default: %(default)s)"
        )
        cluster.add_cluster_flags(sub)
        if name == "resume":
            cluster.add_attach_flag(sub)
        else:
            remote.add_server_flag(sub)
    for name, module, text in (
        ("status", status, "how far a run is, and what is in quarantine"),
        ("verify", verify, "read outputs again against their digests, and make a share of them again"),
        ("report", report, "write one self-contained HTML page about a run"),
        ("reproduce", reproduce, "carry one clip of a run through its stages again, and show what happens"),
    ):
        sub = add(name, getattr(module, name), text)
        add_output_flags(sub)
        module.add_flags(sub)
        if module is status:
            remote.add_server_flag(sub)
            cluster.add_place_flags(sub)
    inspect.add_flags(add("inspect", inspect.inspect, "print a record, and draw its frames with the decoded label"))
    gc.add_flags(add("gc", gc.gc, "remove artifacts over the size cap, and what died half-way"))
    doctor.add_flags(add("doctor", doctor.doctor, "check what this machine has: libraries, models, cores, stores"))
    sub = add("cancel", remote.cancel, "end a run; what is done is kept, and the same run carries it on")
    add_output_flags(sub)
    remote.add_server_flag(sub)
    cluster.add_place_flags(sub)
    cluster.add_scale_flags(add("scale", cluster.scale, "change how many pods of a run on Kubernetes run at a time"))
    cluster.add_verb_flags(add("suspend", cluster.suspend, "end the pods of a run on Kubernetes until it is resumed"))
    cluster.add_logs_flags(add("logs", cluster.logs, "what the pods of a run on Kubernetes have written"))
    remote.add_server_flag(add("runs", remote.runs, "list the runs of a server"), required=True)
    serve.add_flags(add("serve", serve.serve, "serve the RunService: runs that other systems submit"))
    health.add_flags(add("health", health.health, "ask servers whether they serve"))
    text = "write, list and check model repositories of Triton servers"
    for sub in models.add_parsers(commands.add_parser("models", help=text, description=text)):
        _finish(sub, models.models)
    demo.add_flags(
        add("demo-corpus", demo.demo_corpus, "draw a small corpus to try: talking faces in GRID's layout, or a signer")
    )
    return parser


def _add_roots(parser: _Parser, pipeline: Pipeline) -> None:
    _add_input_root(parser, pipeline)
    if pipeline.positionals:
        parser.add_root("output-root", pipeline.positionals[1])
    add_output_flags(parser, required=not pipeline.positionals)


def _add_input_root(parser: _Parser, pipeline: Pipeline) -> None:
    if pipeline.positionals:
        parser.add_root("input-root", pipeline.positionals[0])
    text = "folder or s3://bucket/prefix of the data set"
    parser.add_argument("--input-root", required=not pipeline.positionals, help=text)


def _finish(parser: argparse.ArgumentParser, call: Command) -> None:
    parser.add_argument(
        "-o", "--output", choices=("text", "json"), default="text", help="how to answer (default: %(default)s)"
    )
    parser.set_defaults(call=call)


def in_our_words(words: Sequence[str]) -> list[str]:
    """A command line of the original GRID script, as ours; any other as it is."""
    if not words or words[0] not in ORIGINAL_COMMANDS:
        return list(words)
    ours = ORIGINAL_COMMANDS[words[0]]
    rest = words[2:] if words[1:2] == [ours[1]] else words[1:]
    return [*ours, *rest]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code."""
    if argv is None:
        # What this process starts finds the same modules, whatever `services` or `av.py` the user's folder holds.
        os.environ.setdefault("PYTHONSAFEPATH", "1")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    # Whoever started this may have closed them: then nothing is told, and the rest is done.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        # Paths may hold what the terminal's encoding, or any encoding, cannot say.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    flags = build_parser().parse_args(in_our_words(sys.argv[1:] if argv is None else argv))
    try:
        _require_finite(flags)
        answer: Answer = flags.call(flags)
    except VisemillError as error:
        return _fail(flags.output, error)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return EXIT_BUG
    except Exception as error:  # noqa: BLE001 - told with its traceback, under the exit code of a bug
        bug = VisemillError(
            "INTERNAL_ERROR", f"{error!r}: please report it, with the traceback", traceback.format_exc()
        )
        return _fail(flags.output, bug)
    text = json.dumps(answer.data, indent=2, ensure_ascii=False) if flags.output == "json" else _shown(answer.text)
    return _tell(text, answer.exit_code)


def _require_finite(flags: argparse.Namespace) -> None:
    """A limit of nan is passed by everything, and a time of inf never ends. Raises BadConfig BAD_FLAGS."""
    for name, value in vars(flags).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise BadConfig("BAD_FLAGS", f"--{name.replace('_', '-')} must be a finite number, not {value}")


def _shown(text: str) -> str:
    """Names of files may hold what a terminal takes for commands: control characters are told, not sent."""
    return text.translate(_CONTROLS)


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
            return _fail("text", Transient("NOT_TOLD", f"standard output takes no answer ({error}): ask again"))
    return exit_code


def _fail(output: str, error: VisemillError) -> int:
    fields = {"kind": error.kind, "reason": error.reason, "message": error.message, "detail": error.detail}
    logs = {"logs": error.logs} if error.logs else {}
    if output == "json":
        return _tell(json.dumps({"error": fields, **logs, "exit_code": error.exit_code}, indent=2), error.exit_code)
    lines = [f"visemill: {error.reason}: {error.message}", *filter(None, [error.detail])]
    lines += [f"  logs: {error.logs}"] if error.logs else []
    sys.stderr.write(_shown("\n".join(lines)) + "\n")
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
