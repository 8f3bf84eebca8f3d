"""The table of commands: name, group, one line; and what each loads.

A command's module is imported only when the command is chosen, so that `visemill --help` starts at once.
"""

from __future__ import annotations

import argparse
import shutil
import textwrap
from dataclasses import dataclass
from typing import Any

from orchestrator.cli.parsing.parser import Parser
from orchestrator.cli.parsing.pipeline_commands import AddFlags, Call, add_pipelines
from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.commands import commands_of

DATA_SETS, RUNS, CLUSTER, MODELS, SERVERS, SETUP = "data sets", "runs", "cluster", "models", "servers", "setup"
GROUPS = (DATA_SETS, RUNS, CLUSTER, MODELS, SERVERS, SETUP)


@dataclass(frozen=True)
class Command:
    """per_pipeline: one sub-command for each pipeline that has it."""

    name: str
    group: str
    summary: str
    per_pipeline: bool = False


COMMANDS = (
    Command("demo-corpus", DATA_SETS, "generate a small data set to try"),
    Command("plan", DATA_SETS, "check a data set and predict time and disk space", per_pipeline=True),
    Command("count", DATA_SETS, "count the clips that a run would find", per_pipeline=True),
    Command("inspect", DATA_SETS, "show one record, and draw its frames with the decoded label"),
    Command("verify", DATA_SETS, "compare outputs with their digests, and recompute a share"),
    Command("run", RUNS, "process a data set into training-ready output", per_pipeline=True),
    Command("pin", RUNS, "plan a run and record it in its output, for resume to start", per_pipeline=True),
    Command("resume", RUNS, "continue the run of an output root"),
    Command("retry", RUNS, "process the quarantined clips of a run again"),
    Command("status", RUNS, "show the progress of a run and its quarantined clips"),
    Command("report", RUNS, "write a self-contained HTML page about a run"),
    Command("reproduce", RUNS, "process one clip of a run again, outside the run"),
    Command("cancel", RUNS, "stop a run on a server or a cluster; resume continues it"),
    Command("gc", RUNS, "delete cached artifacts over a size limit, and abandoned temporary files"),
    Command("scale", CLUSTER, "change the number of pods of a run on Kubernetes"),
    Command("suspend", CLUSTER, "stop the pods of a run on Kubernetes until it is resumed"),
    Command("logs", CLUSTER, "show the logs of the pods of a run on Kubernetes"),
    Command("models", MODELS, "list, export and verify model repositories for Triton; convert checkpoints"),
    Command("serve", SERVERS, "serve the RunService and the TrainingService, for other systems"),
    Command("runs", SERVERS, "list the runs of a RunService"),
    Command("health", SERVERS, "check whether gRPC servers are serving"),
    Command("doctor", SETUP, "check this machine: libraries, models, cores, memory, stores"),
    Command("completion", SETUP, "print the completion script of a shell"),
)


def commands() -> tuple[Command, ...]:
    """Those of the table, without what no pipeline has, and what single pipelines have beside them."""
    own = {verb.name: verb.summary for name in PIPELINES for verb in commands_of(name).own}
    had = {verb for name in PIPELINES for verb in commands_of(name).verbs}
    listed = [command for command in COMMANDS if not command.per_pipeline or command.name in had]
    taken = {command.name for command in COMMANDS}
    if refused := {command.name for command in COMMANDS if not command.per_pipeline} & own.keys():
        raise ValueError(f"a pipeline's own command cannot be called {', '.join(sorted(refused))}: that is another one")
    further = [Command(name, RUNS, summary, True) for name, summary in own.items() if name not in taken]
    return (*listed, *further)


def load(name: str) -> tuple[AddFlags, Call]:
    """What adds a command's flags, and what it does."""
    match name:
        case "demo-corpus":
            from orchestrator.cli.datasets import demo

            return demo.add_flags, demo.demo_corpus
        case "plan":
            from orchestrator.cli.datasets import plan
            from orchestrator.cli.runs import named_sets

            return named_sets.planned(plan.add_flags, plan.plan)
        case "count":
            from orchestrator.cli.datasets import count

            return count.add_flags, count.count
        case "inspect":
            from orchestrator.cli.datasets import inspect

            return inspect.add_flags, inspect.inspect
        case "verify":
            from orchestrator.cli.datasets import verify
            from orchestrator.cli.runs import named_sets

            return named_sets.each(verify.add_flags, verify.verify)
        case "run":
            from orchestrator.cli.datasets import plan
            from orchestrator.cli.runs import run

            return run.add_flags, plan.instead_of(run.run)
        case "pin":
            from orchestrator.cli.runs import named_sets, pin

            return named_sets.planned(pin.add_flags, pin.pin_run)
        case "resume":
            from orchestrator.cli.runs import named_sets, run

            return named_sets.each(run.add_resume_flags, run.resume)
        case "retry":
            from orchestrator.cli.runs import named_sets, run

            return named_sets.each(run.add_retry_flags, run.retry)
        case "status":
            from orchestrator.cli.runs import named_sets, status

            return named_sets.each(status.add_flags, status.status)
        case "report":
            from orchestrator.cli.runs import named_sets, report

            return named_sets.each(report.add_flags, report.report)
        case "reproduce":
            from orchestrator.cli.runs import named_sets, reproduce

            return named_sets.one(reproduce.add_flags, reproduce.reproduce)
        case "cancel":
            from orchestrator.cli.runs import named_sets, remote

            return named_sets.one(remote.add_cancel_flags, remote.cancel)
        case "gc":
            from orchestrator.cli.runs import gc, named_sets

            return named_sets.each(gc.add_flags, gc.gc)
        case "scale":
            from orchestrator.cli import cluster
            from orchestrator.cli.runs import named_sets

            return named_sets.one(cluster.add_scale_flags, cluster.scale)
        case "suspend":
            from orchestrator.cli import cluster
            from orchestrator.cli.runs import named_sets

            return named_sets.one(cluster.add_verb_flags, cluster.suspend)
        case "logs":
            from orchestrator.cli import cluster
            from orchestrator.cli.runs import named_sets

            return named_sets.one(cluster.add_logs_flags, cluster.logs)
        case "models":
            from orchestrator.cli import models

            return models.add_parsers, models.models
        case "serve":
            from orchestrator.cli import serve

            return serve.add_flags, serve.serve
        case "runs":
            from orchestrator.cli.runs import remote

            return remote.add_runs_flags, remote.runs
        case "health":
            from orchestrator.cli import health

            return health.add_flags, health.health
        case "doctor":
            from orchestrator.cli import doctor

            return doctor.add_flags, doctor.doctor
        case "completion":
            from orchestrator.cli import completion

            return completion.add_flags, lambda flags: completion.completion(flags, build_parser())
    raise KeyError(name)


DESCRIPTION = "Turn raw speech and sign video into training-ready features, on one machine or on Kubernetes."
EXAMPLES = (
    "visemill demo-corpus demo/corpus",
    "visemill run grid --input-root demo/corpus --output-root demo/out",
    "visemill report --output-root demo/out",
)
EXIT_CODES = (
    "exit codes: 0 success; 3 finished, with quarantined clips; 64 usage error; 65 too many failed clips, or outputs "
    "that differ; 70 internal error; 75 temporary failure, try again; 78 wrong configuration; 130 interrupted"
)


class _Overview(Parser):
    """The whole program: its help lists the commands in groups."""

    def format_usage(self) -> str:
        return f"usage: {self.prog} COMMAND [options]\n"

    def format_help(self) -> str:
        return overview(min(shutil.get_terminal_size().columns, 100))


def overview(width: int) -> str:
    """The help of `visemill`, in at most so many columns where its examples fit."""
    listed = commands()
    name_width = max(len(command.name) for command in listed) + 2

    def wrapped(text: str, name: str = "", indent: int = 0) -> str:
        return textwrap.fill(
            text,
            max(width, indent + 20),
            initial_indent=name.ljust(indent),
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )

    parts = ["usage: visemill COMMAND [options]\n", wrapped(DESCRIPTION) + "\n"]
    for group in GROUPS:
        lines = [
            wrapped(command.summary, f"  {command.name}", name_width + 2)
            for command in listed
            if command.group == group
        ]
        parts.append("\n".join([f"{group}:", *lines, ""]))
    parts.append("\n".join(["examples:", *(f"  {line}" for line in EXAMPLES), ""]))
    parts.append(wrapped(EXIT_CODES) + "\n")
    parts.append(wrapped("`visemill COMMAND --help` shows the options of a command; `visemill --version` the version."))
    return "\n".join(parts) + "\n"


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> None:
        import importlib.metadata

        parser.exit(0, f"visemill {importlib.metadata.version('visemill')}\n")


def build_parser(only: str | None = None, pipeline: str | None = None) -> argparse.ArgumentParser:
    """Every command with its flags; only: of this command alone, the others by name; pipeline: likewise, where that is
    the name of one.
    """
    parser = _Overview(prog="visemill", description=DESCRIPTION)
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    below = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for command in commands():
        sub = below.add_parser(command.name, help=command.summary, description=_sentence(command.summary))
        if only in (None, command.name):
            _fill(sub, command, pipeline)
    return parser


def _fill(parser: Parser, command: Command, pipeline: str | None) -> None:
    if command.per_pipeline:
        for sub, call in add_pipelines(parser, command.name, load, pipeline):
            _finish(sub, call)
        return
    add, call = load(command.name)
    if command.name == "models":
        for sub in add(parser):
            _finish(sub, call)
    else:
        add(parser)
        _finish(parser, call)


def _finish(parser: argparse.ArgumentParser, call: Call) -> None:
    # A verb of a pipeline may call a file of its own --output, as the script did that it replaces.
    names = ("-o",) if "--output" in parser._option_string_actions else ("-o", "--output")
    parser.add_argument(
        *names,
        dest="output",
        choices=("text", "json"),
        default="text",
        help="format of the answer (default: %(default)s)",
    )
    parser.set_defaults(call=call)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
