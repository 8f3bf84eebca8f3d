"""A command on one or all of the named data sets of an output root; the answers become one."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any, cast

from orchestrator.access.datasets import check_dataset_name, named_inputs
from orchestrator.access.request import RunRequest
from orchestrator.cli.answer import Answer, answer_of_each
from orchestrator.cli.runs import remote
from orchestrator.cli.runs.request import names_of, requests_of
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.planner.services import describe_once
from orchestrator.roots import open_named
from orchestrator.runs.claim.claim import claim_of
from orchestrator.runs.claim.named_sets import names_in
from services.base.errors import BadConfig
from services.base.store.open import join_uri
from services.base.store.roots import absolute

AddFlags = Callable[[argparse.ArgumentParser], None]
Call = Callable[[argparse.Namespace], Answer]


def add_inputs_flag(parser: argparse.ArgumentParser) -> None:
    """Of commands that plan."""
    parser.add_argument(
        "--dataset",
        action="append",
        default=[],
        metavar="NAME[=INPUT_ROOT]",
        help="write to the folder NAME of the output root, which may hold several named data sets; with =INPUT_ROOT "
        "instead of --input-root it may be repeated: all are planned before the first runs",
    )


def add_name_flag(parser: argparse.ArgumentParser) -> None:
    """Of commands about a run that is there."""
    parser.add_argument(
        "--dataset",
        default="",
        metavar="NAME",
        help="of an output root that holds named data sets, this one (default: all, where the command can)",
    )


def planned(add_flags: AddFlags, call: Call) -> tuple[AddFlags, Call]:
    """The command for each --dataset NAME=INPUT_ROOT."""

    def called(flags: argparse.Namespace) -> Answer:
        of_each: dict[str, dict[str, object]]
        pipeline = pipeline_of(flags.pipeline)
        if pipeline.sets is not None:
            of_each = {one.roots.dataset: asdict(cast("Any", one.options)) for one in requests_of(flags)}
        elif pipeline.dataset_flag is not None:
            names = names_of(requests_of(flags))
            of_each = {name: {"dataset": [value]} for name, value in zip(names, flags.dataset, strict=False)}
        else:
            named = named_inputs(flags.dataset, flags.input_root or "")
            of_each = {one.name: {"input_root": one.input_root, "dataset": [one.name]} for one in named}
        if len(of_each) < 2:
            return call(flags)
        # The stages are asked once who they are.
        shared = _with(flags, asks=describe_once())
        return answer_of_each({name: partial(call, _with(shared, **own)) for name, own in of_each.items()}, flags)

    return _both(add_inputs_flag, add_flags), called


def each(add_flags: AddFlags, call: Call) -> tuple[AddFlags, Call]:
    """The command for the data set of --dataset; without it for each that the output root holds."""

    def called(flags: argparse.Namespace) -> Answer:
        names = [] if flags.dataset or not flags.output_root else _names(flags)
        if not names:
            return call(_below(flags, flags.dataset))
        return answer_of_each({name: partial(call, _below(flags, name)) for name in names}, flags)

    return _both(add_name_flag, add_flags), called


def one(add_flags: AddFlags, call: Call) -> tuple[AddFlags, Call]:
    """The command for the data set of --dataset, or for the run of the output root."""
    return _both(add_name_flag, add_flags), lambda flags: call(_below(flags, flags.dataset))


def flags_of(request: RunRequest, flags: argparse.Namespace) -> argparse.Namespace:
    """The flags as they would be given for this run alone, by its own roots."""
    roots = request.roots
    places = {"input_root": roots.input_root, "further_roots": roots.further_roots, "output_root": roots.output_root}
    return _with(flags, **places, dataset=[])


def _names(flags: argparse.Namespace) -> list[str]:
    if vars(flags).get("server"):
        names = remote.datasets_at(flags)
    else:
        root = open_named("--output-root", absolute(flags.output_root))
        names = names_in(root) if claim_of(root) is None else []
    if len(names) > 1 and vars(flags).get("html"):
        raise BadConfig("BAD_FLAGS", f"--html {flags.html} is one file for {len(names)} data sets: give --dataset too")
    return names


def _below(flags: argparse.Namespace, name: str) -> argparse.Namespace:
    if not name:
        return flags
    if not flags.output_root:
        raise BadConfig("BAD_FLAGS", f"--dataset {name} is a data set of an --output-root: give that too")
    return _with(flags, output_root=join_uri(absolute(flags.output_root), check_dataset_name(name)), dataset="")


def _with(flags: argparse.Namespace, **changed: object) -> argparse.Namespace:
    return argparse.Namespace(**{**vars(flags), **changed})


def _both(first: AddFlags, second: AddFlags) -> AddFlags:
    def add(parser: argparse.ArgumentParser) -> None:
        first(parser)
        second(parser)

    return add
