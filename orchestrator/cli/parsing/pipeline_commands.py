"""The commands of pipelines: a parser for each pipeline that has the command, and the scripts that they replace."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.commands import Outcome, PipelineCommands, Verb, commands_of, original_of, resolve

if TYPE_CHECKING:
    from orchestrator.cli.answer import Answer
    from orchestrator.cli.parsing.parser import Parser
    from orchestrator.pipelines.base import Pipeline

AddFlags = Callable[[Any], Any]
Call = Callable[[argparse.Namespace], "Answer"]


def translate_original(argv: Sequence[str]) -> list[str]:
    """A command line of a script that a pipeline replaces, as ours; any other as it is."""
    found = original_of(argv[0]) if argv else None
    if found is None:
        return list(argv)
    pipeline, original = found
    rest = argv[2:] if argv[1:2] == [pipeline] else argv[1:]
    ours = {_dashed(flag): own for flag, own in original.flags.items()}
    return [original.verb, pipeline, *(_as_ours(word, ours) for word in rest)]


def _as_ours(word: str, ours: Mapping[str, str]) -> str:
    name, equals, value = word.partition("=")
    return f"{ours.get(_dashed(name), name)}{equals}{value}" if name.startswith("-") else word


def _dashed(flag: str) -> str:
    return flag.replace("_", "-")


def add_pipelines(
    parser: Parser, command: str, load: Callable[[str], tuple[AddFlags, Call]]
) -> Iterator[tuple[Parser, Call]]:
    """Adds a parser for each pipeline that has the command; yields it, and what it calls.

    load: from the name of a shared command to what adds its flags, and what it calls.
    """
    from orchestrator.pipelines.lookup import pipeline_of

    below = parser.add_subparsers(dest="pipeline", required=True, metavar="PIPELINE")
    for name in PIPELINES:
        has = commands_of(name)
        if command not in has.verbs:
            continue
        pipeline = pipeline_of(name)
        own = next((verb for verb in has.own if verb.name == command), None)
        text = f"{parser.description} Pipeline {name}: {pipeline.help}."
        sub = below.add_parser(name, help=pipeline.help, description=text, epilog=_replaced(has, command))
        if own is not None and own.calls:
            yield sub, _add_own(sub, own)
            continue
        shared = own.same_as if own is not None else command
        add, call = load(shared)
        _add_roots(sub, pipeline, with_output=shared != "count")
        _add_options(sub, pipeline)
        add(sub)
        yield sub, call


def _replaced(commands: PipelineCommands, verb: str) -> str | None:
    """A sentence of the help about the scripts that a command replaces."""
    names = [name for name, original in commands.originals.items() if original.verb == verb]
    return f"Also under the name of the script that it replaces: {', '.join(names)}." if names else None


def _add_own(parser: Parser, verb: Verb) -> Call:
    """The flags of a command of a pipeline's own, and what it calls."""
    from services.base.stage.config import add_config_flags, config_from_flags

    options = resolve(verb.options)
    add_config_flags(parser, options)

    def call(flags: argparse.Namespace) -> Answer:
        from orchestrator.cli.answer import Answer, lines_of

        outcome: Outcome = resolve(verb.calls)(config_from_flags(options, flags))
        return Answer(outcome.text or "\n".join(lines_of(outcome.data)), outcome.data, outcome.exit_code)

    return call


def _add_roots(parser: Parser, pipeline: Pipeline, *, with_output: bool) -> None:
    from orchestrator.cli.options import add_input_flag, add_output_flags

    names = pipeline.positionals or ()
    for name, metavar in zip(("input-root", "output-root")[: 2 if with_output else 1], names, strict=False):
        parser.add_root(name, metavar)
    add_input_flag(parser, required=not names)
    if with_output:
        add_output_flags(parser, required=not names)


def _add_options(parser: Parser, pipeline: Pipeline) -> None:
    from orchestrator.cli.runs.request import add_options

    add_options(parser, pipeline)
