"""The commands of pipelines: a parser for each pipeline that has the command."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, cast

from orchestrator.cli.parsing.request_file import PIPELINE, request_text, values_of
from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.commands import Outcome, PipelineCommands, Verb, commands_of, resolve

if TYPE_CHECKING:
    from orchestrator.cli.answer import Answer
    from orchestrator.cli.parsing.parser import Parser
    from orchestrator.pipelines.base import Pipeline

AddFlags = Callable[[Any], Any]
Call = Callable[[argparse.Namespace], "Answer"]
Load = Callable[[str], tuple[AddFlags, Call]]
_RUN = "run"
_BESIDE_LIST = (
    "folder or s3://bucket/prefix below which relative paths of the data set are looked for too (default: where the "
    "file that lists it lies); may be repeated"
)


def add_pipelines(parser: Parser, command: str, load: Load, only: str | None = None) -> Iterator[tuple[Parser, Call]]:
    """Adds a parser for each pipeline that has the command; yields it, and what it calls.

    load: from the name of a shared command to what adds its flags, and what it calls. only: a name or alias of the
    pipeline whose flags are needed, where one has it: the others are added by name, and their code is not loaded.
    """
    from orchestrator.pipelines.lookup import pipeline_of

    below = parser.add_subparsers(dest="pipeline", required=True, metavar="PIPELINE")
    having = {name: has for name in PIPELINES if command in (has := commands_of(name)).verbs}
    needed = {name for name, has in having.items() if only in (name, *has.aliases)} or having.keys()
    for name, has in having.items():
        if name not in needed:
            below.add_parser(name, aliases=has.aliases)
            continue
        pipeline = pipeline_of(name)
        own = next((verb for verb in has.own if verb.name == command), None)
        text = f"{parser.description} Pipeline {name}: {pipeline.help}."
        sub = below.add_parser(
            name, aliases=has.aliases, help=pipeline.help, description=text, epilog=_replaced(has, command)
        )
        sub.take_request(name)
        sub.set_defaults(pipeline=name)
        if own is not None and own.calls:
            yield sub, _add_own(sub, own)
            continue
        shared = own.same_as if own is not None else command
        call = _add_shared(sub, pipeline, shared, load)
        if has.presets:
            sub.take_presets(resolve(has.presets), resolve(has.baselines) if has.baselines else {})
        sub.tell(has.told)
        if shared != _RUN:
            sub.share_request(functools.partial(_run_parser, pipeline, load))
        yield sub, _or_printed(sub, call, shared)


def _run_parser(pipeline: Pipeline, load: Load) -> Parser:
    """As that of `run`, whose requests other commands take."""
    from orchestrator.cli.parsing.parser import Parser

    parser = Parser()
    _add_shared(parser, pipeline, _RUN, load)
    return parser


def _add_shared(parser: Parser, pipeline: Pipeline, command: str, load: Load) -> Call:
    """The flags of a command that pipelines share, and what it calls."""
    add, call = load(command)
    _add_roots(parser, pipeline, with_output=command != "count")
    _add_options(parser, pipeline)
    add(parser)
    _describe_datasets(parser, pipeline)
    return call


def _replaced(commands: PipelineCommands, verb: str) -> str | None:
    """A sentence of the help about the scripts that a command replaces."""
    names = [name for name, original in commands.originals.items() if original.verb == verb]
    return f"Also under the name of the script that it replaces: {', '.join(names)}." if names else None


def _add_own(parser: Parser, verb: Verb) -> Call:
    """The flags of a command of a pipeline's own, and what it calls."""
    from services.base.stage.config import add_config_flags, config_from_flags
    from services.base.stage.fields import with_files
    from services.base.store.roots import absolute

    options = resolve(verb.options)
    add_config_flags(parser, options)

    def call(flags: argparse.Namespace) -> Answer:
        from orchestrator.cli.answer import Answer, lines_of

        made = config_from_flags(options, flags)
        if flags.print_request:
            return _printed(parser, flags, with_files(made, absolute))
        with _lease(verb, made):
            outcome: Outcome = resolve(verb.calls)(made)
        return Answer(outcome.text or "\n".join(lines_of(outcome.data)), outcome.data, outcome.exit_code)

    return call


def _lease(verb: Verb, options: object) -> AbstractContextManager[object]:
    """That of the output which the command changes. Entering it raises BadConfig OUTPUT_IN_USE; ROOT_MISSING is raised
    at once.
    """
    if not verb.leases:
        return contextlib.nullcontext()
    from orchestrator.runs.claim.lease import Lease
    from services.base.store.open import open_store
    from services.base.store.roots import absolute

    root = absolute(getattr(options, verb.leases))
    # A lease makes the folder that it lies in.
    open_store(root, must_exist=True)
    return Lease(root, verb.name)


def _or_printed(parser: Parser, call: Call, command: str) -> Call:
    """The call of a shared command, but where the request is to be printed."""

    @functools.wraps(call)
    def called(flags: argparse.Namespace) -> Answer:
        if not flags.print_request:
            return call(flags)
        from orchestrator.cli.runs.request import chosen_options, effective_values, request_of, requests_of

        if command == "count":
            request_of(flags)
        else:
            requests_of(flags)
        return _printed(parser, flags, chosen_options(flags), effective_values(flags))

    return called


def _printed(
    parser: Parser, flags: argparse.Namespace, options: object, others: Mapping[str, Any] | None = None
) -> Answer:
    """What is requested, as a file gives it: the options, other flags, and `others` in the place of what they say."""
    from orchestrator.cli.answer import Answer

    own = {field.name: getattr(options, field.name) for field in dataclasses.fields(cast("Any", options))}
    values = {PIPELINE: flags.pipeline, **values_of(parser._actions, flags, {**own, **(others or {})})}
    return Answer(request_text(values), values)


def _add_roots(parser: Parser, pipeline: Pipeline, *, with_output: bool) -> None:
    from orchestrator.cli.options import add_input_flag, add_output_flags
    from orchestrator.pipelines.base import names_no_root

    names, own = pipeline.positionals or (), pipeline.output_flag
    for name, metavar in zip(("input-root", "output-root")[: 2 if with_output else 1], names, strict=False):
        parser.add_root(name, metavar)
    # Asked for once the options are known, where these may name one.
    has_default = pipeline.default_root is not names_no_root
    about = {"text": _BESIDE_LIST} if has_default else {}
    add_input_flag(parser, required=not names and not has_default, aliases=pipeline.input_flags, **about)
    if with_output:
        add_output_flags(parser, required=not names and own is None)
        if own is not None:
            parser.take_output(own)


def _describe_datasets(parser: Parser, pipeline: Pipeline) -> None:
    """As the pipeline reads --dataset, where it does."""
    reads = pipeline.dataset_flag
    for action in parser._actions:
        if reads is not None and action.dest == "dataset":
            action.metavar, action.help = reads.metavar, reads.help


def _add_options(parser: Parser, pipeline: Pipeline) -> None:
    from orchestrator.cli.runs.request import add_options

    add_options(parser, pipeline)
