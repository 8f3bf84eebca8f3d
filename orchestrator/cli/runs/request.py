"""A run's request from a command line: the flags that make it, and the request that they make."""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.access.datasets import is_dataset_name, named_inputs
from orchestrator.access.request import Limits, RunRequest, RunRoots
from orchestrator.cli.device import device_of
from orchestrator.cli.parsing.number_flags import add_numbers_of, numbers_of
from orchestrator.kube.settings import kube_settings
from orchestrator.pipelines.base import Options, Pipeline
from orchestrator.pipelines.data_sets import DatasetFlag, GivenDataSet, NameSets
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.planner.planning import earlier_runs_of
from orchestrator.roots import real_root
from services.base.errors import BadConfig
from services.base.sandbox.supervisor import clip_limits
from services.base.stage.config import add_config_flags, config_from_flags
from services.base.stage.fields import with_files
from services.base.store.roots import absolute

# The default of --max-failures.
ANY_NUMBER = "100%"


def add_options(parser: argparse.ArgumentParser, pipeline: Pipeline) -> None:
    """A flag for each of the pipeline's options, and those that every pipeline's commands have."""
    add_config_flags(parser, pipeline.options)
    add_numbers_of(parser, pipeline)
    parser.add_argument("--follow-links", action="store_true", help="read symbolic links that leave the input root")


def chosen_options(flags: argparse.Namespace) -> Options:
    """The pipeline's options as they are before a --dataset changes them. Raises BadConfig."""
    options: Options = config_from_flags(pipeline_of(flags.pipeline).options, flags)
    return options


def names_of(requests: Sequence[RunRequest]) -> list[str]:
    """How the answers of several runs are told apart: by their names in their root, else by their outputs."""
    return [request.roots.dataset or request.roots.output_root for request in requests]


def elsewhere_notes(requests: Sequence[RunRequest]) -> list[str]:
    """Of several data sets, those that a command on the root of the others does not find."""
    apart = [request.roots.output_root for request in requests if not request.roots.dataset]
    if len(requests) < 2 or not apart:
        return []
    return [
        f"{', '.join(apart)}: not directly below --output-root (by default the working directory), so that status, "
        "resume, verify and report find such an output by its own folder alone"
    ]


def requests_of(flags: argparse.Namespace) -> tuple[RunRequest, ...]:
    """One for each --dataset, or the one without a name; or those that the options name. Raises BadConfig."""
    pipeline = pipeline_of(flags.pipeline)
    if pipeline.sets is not None:
        return _requests_of_sets(flags, pipeline.sets)
    reads = pipeline.dataset_flag
    if reads is not None and flags.dataset:
        return _given_requests(flags, reads)
    named = named_inputs(flags.dataset, flags.input_root or "")
    if len(named) > 1 and flags.run and flags.state_root:
        raise _one_name_for_several(flags, len(named))
    if not named:
        return (request_of(flags),)
    return tuple(_request(flags, one.input_root, one.name) for one in named)


def request_of(flags: argparse.Namespace) -> RunRequest:
    """What the flags of `plan`, `run`, `pin` or `count` request of a single data set; roots are absolute.

    Raises BadConfig.
    """
    datasets = getattr(flags, "dataset", ())
    if pipeline_of(flags.pipeline).sets is not None:
        requests = requests_of(flags)
        if len(requests) > 1:
            raise BadConfig("BAD_FLAGS", f"{len(requests)} data sets are named, and one is taken here: name one")
        return requests[0]
    if datasets and pipeline_of(flags.pipeline).dataset_flag is not None:
        requests = requests_of(flags)
        if len(requests) > 1:
            raise BadConfig("BAD_FLAGS", f"--dataset is given {len(requests)} times, and is for one data set here")
        return requests[0]
    if named := named_inputs(datasets, flags.input_root or ""):
        if len(named) > 1:
            raise BadConfig("BAD_FLAGS", f"--dataset is given {len(named)} times, and is for one data set here")
        return _request(flags, named[0].input_root, named[0].name)
    return _request(flags, flags.input_root)


def _given_requests(flags: argparse.Namespace, reads: DatasetFlag) -> tuple[RunRequest, ...]:
    """Of a pipeline that reads --dataset itself. An output directly below the root of all is a named data set of it;
    one that lies elsewhere is found by its own folder alone.
    """
    if len(flags.dataset) > 1 and flags.run and flags.state_root:
        raise _one_name_for_several(flags, len(flags.dataset))
    base = absolute(flags.output_root or ".")
    requests = []
    for one in reads.read(flags.dataset, chosen_options(flags), flags.output_root or ""):
        output = absolute(one.output_root).rstrip("/")
        above, _, name = output.rpartition("/")
        is_named = real_root(above) == real_root(base) and is_dataset_name(name)
        requests.append(
            _request(flags, flags.input_root, name, base, one.options)
            if is_named
            else _request(flags, flags.input_root, "", output, one.options)
        )
    _refuse_shared_outputs([request.roots.output_root for request in requests])
    return tuple(requests)


def _requests_of_sets(flags: argparse.Namespace, sets: NameSets) -> tuple[RunRequest, ...]:
    """Of a pipeline whose options name the data sets."""
    if flags.dataset:
        raise BadConfig("BAD_FLAGS", f"--dataset {flags.dataset[0]} is no flag of {flags.pipeline}: name the videos")
    base = absolute(flags.output_root)
    given = sets(chosen_options(flags), base, lambda root: earlier_runs_of(root, getattr(flags, "state_root", "")))
    if len(given) > 1 and flags.run and flags.state_root:
        raise _one_name_for_several(flags, len(given))
    return tuple(_request(flags, flags.input_root, one.label, base, one.options) for one in given)


def _refuse_shared_outputs(outputs: Sequence[str]) -> None:
    """Raises BadConfig DUPLICATE_OUTPUT where two are one folder, or one lies within another."""
    real = [real_root(output) for output in outputs]
    for (i, one), (j, other) in itertools.permutations(enumerate(real), 2):
        if (one == other and i < j) or (one != other and f"{other}/".startswith(f"{one}/")):
            raise BadConfig(
                "DUPLICATE_OUTPUT",
                f"--dataset writes to {outputs[i]} and to {outputs[j]}: give each data set an output of its own, which "
                "lies in no other",
            )


def _one_name_for_several(flags: argparse.Namespace, num: int) -> BadConfig:
    return BadConfig(
        "BAD_FLAGS", f"--run {flags.run} would name {num} runs in one --state-root: leave out one of the flags"
    )


def _request(
    flags: argparse.Namespace,
    input_root: str,
    dataset: str = "",
    output_root: str | None = None,
    options: Options | None = None,
) -> RunRequest:
    """output_root, options: where they are not those of the flags."""
    pipeline = pipeline_of(flags.pipeline)
    options = config_from_flags(pipeline.options, flags) if options is None else options
    input_root = input_root or pipeline.default_root(options)
    if not input_root:
        flag = pipeline.root_flag
        raise BadConfig("BAD_FLAGS", f"{flag} is needed where no other flag says where the data set lies: give it")
    # Those of a data set that has no root of its own.
    further = flags.further_roots if input_root == flags.input_root else ()
    # `count` writes nothing.
    if output_root is None:
        output_root = getattr(flags, "output_root", input_root)
    state_root = getattr(flags, "state_root", "")
    try:
        roots = RunRoots.of_dataset(
            absolute(input_root),
            absolute(output_root),
            dataset,
            absolute(state_root),
            getattr(flags, "run", ""),
            follow_links=flags.follow_links,
            further_roots=tuple(map(absolute, further)),
        )
    except ValueError as error:
        raise BadConfig("BAD_FLAGS", f"--input-root: {error}") from error
    limits = limits_of(flags, pipeline) if hasattr(flags, "max_failures") else Limits()
    return RunRequest(flags.pipeline, options, roots, limits, getattr(flags, "cluster", "local"), device_of(flags))


def effective_values(flags: argparse.Namespace) -> dict[str, Any]:
    """By a flag's dest, what a run is carried out with where that is more than the flag says: whole paths, and the
    settings of a cluster, from wherever they come. Raises BadConfig.
    """
    pipeline = pipeline_of(flags.pipeline)
    found: dict[str, Any] = asdict(with_files(config_from_flags(pipeline.options, flags), absolute))
    roots = {name: getattr(flags, name, "") for name in ("input_root", "output_root", "state_root")}
    found |= {name: absolute(root) for name, root in roots.items() if root}
    if flags.further_roots:
        found["input_root"] = [absolute(root) for root in (flags.input_root, *flags.further_roots)]
    reads, datasets = pipeline.dataset_flag, getattr(flags, "dataset", ())
    if reads is not None and datasets:
        given = reads.read(datasets, chosen_options(flags), flags.output_root or "")
        found["dataset"] = [
            reads.text(GivenDataSet(one.label, absolute(one.output_root), with_files(one.options, absolute)))
            for one in given
        ]
    elif any("=" in name for name in datasets):
        found["dataset"] = [f"{one.name}={absolute(one.input_root)}" for one in named_inputs(datasets, "")]
    if getattr(flags, "cluster", "local") == "kube":
        found |= asdict(kube_settings(vars(flags), os.environ, pipeline.image))
    return found


def limits_of(flags: argparse.Namespace, pipeline: Pipeline | None = None) -> Limits:
    """What the flags of a run say of how it is executed. pipeline: None where a server knows.

    Raises BadConfig.
    """
    num_workers, num_decoders = numbers_of(flags, pipeline)
    if flags.max_attempts is not None and flags.max_attempts < 1:
        raise BadConfig("BAD_FLAGS", f"--max-attempts must be 1 or more, not {flags.max_attempts}")
    if pipeline is not None:
        clip_limits_of(flags, pipeline)
    try:
        return Limits(
            num_workers,
            "" if flags.max_failures == ANY_NUMBER else flags.max_failures,
            flags.max_attempts or 0,
            flags.clip_time_s or 0.0,
            flags.clip_memory_mib or 0,
            flags.artifact_cache,
            num_decoders,
        )
    except ValueError as error:
        raise BadConfig("BAD_FLAGS", str(error)) from error


def clip_limits_of(flags: argparse.Namespace, pipeline: Pipeline) -> tuple[float, int]:
    """(seconds, MiB) that one clip may take. Raises BadConfig."""
    time_s = pipeline.clip_time_s if flags.clip_time_s is None else flags.clip_time_s
    memory_mib = pipeline.clip_memory_mib if flags.clip_memory_mib is None else flags.clip_memory_mib
    clip_limits(time_s, memory_mib)
    return time_s, memory_mib
