"""TrainingService: trainings submitted by other systems, as runs of the same host that RunService serves."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

import grpc
from visemill.v1 import training_pb2, training_pb2_grpc

from orchestrator.access.request import Limits, RunRequest, RunRoots, options_of_argv
from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.base import Pipeline, no_gangs
from orchestrator.pipelines.commands import commands_of, resolve
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.service.host import RunHost
from orchestrator.service.record import RunRecord
from orchestrator.service.servicer import message_to_proto, records_of_page, run_to_proto, subject_of
from orchestrator.service.training_progress import Measured, MetricLines, Seen, training_of
from services.base.errors import BadConfig
from services.base.rpc.interceptor import current_call
from services.base.stage.config import with_dashes

TRAINING_SERVICE = training_pb2.DESCRIPTOR.services_by_name["TrainingService"].full_name

# Of a watch, between two looks into the store.
_LOOK_EVERY_S = 2.0
_MOST_METRICS = 1000


class TrainingServicer(training_pb2_grpc.TrainingServiceServicer):
    """Translates between messages and a RunHost."""

    def __init__(self, host: RunHost) -> None:
        self._host = host

    def SubmitTraining(
        self, request: training_pb2.SubmitTrainingRequest, context: grpc.ServicerContext
    ) -> training_pb2.SubmitTrainingResponse:
        asked, wait, caller = training_request_of(request), current_call().remaining_s, subject_of(context)
        if request.plan_only:
            training = training_to_proto(self._host.plan(asked, wait, caller))
            training.run.ClearField("id")
            return training_pb2.SubmitTrainingResponse(training=training)
        record = self._host.submit(asked, wait, caller)
        return training_pb2.SubmitTrainingResponse(training=self._now(record))

    def GetTraining(
        self, request: training_pb2.GetTrainingRequest, context: grpc.ServicerContext
    ) -> training_pb2.GetTrainingResponse:
        record = self._host.get(request.id, subject_of(context))
        return training_pb2.GetTrainingResponse(training=self._now(record))

    def ListTrainings(
        self, request: training_pb2.ListTrainingsRequest, context: grpc.ServicerContext
    ) -> training_pb2.ListTrainingsResponse:
        records = [one for one in self._host.records_of(subject_of(context)) if training_of(one) is not None]
        if request.checkpoint_dir:
            records = [one for one in records if one.request.roots.output_root == request.checkpoint_dir]
        page, token = records_of_page(records, request.page_size, request.page_token)
        return training_pb2.ListTrainingsResponse(trainings=map(training_to_proto, page), next_page_token=token)

    def WatchTraining(
        self, request: training_pb2.WatchTrainingRequest, context: grpc.ServicerContext
    ) -> Iterator[training_pb2.WatchTrainingResponse]:
        caller = subject_of(context)
        record = self._host.get(request.id, caller)
        lines, looked_s, seen = MetricLines(record, request.since_metric), 0.0, None
        for record, messages in self._host.watch(request.id, request.since_version, current_call().remaining_s, caller):
            metrics: Iterable[Measured] = ()
            if seen is None or record.phase.ended or time.monotonic() - looked_s >= _LOOK_EVERY_S:
                looked_s, seen, metrics = time.monotonic(), self._host.trainings.seen(record), lines.new()
            answer = training_pb2.WatchTrainingResponse(messages=map(message_to_proto, messages))
            for piece in _in_pieces(metrics):
                answer.training.CopyFrom(training_to_proto(record, seen))
                answer.metrics.extend(map(_metrics_to_proto, piece))
                yield answer
                answer = training_pb2.WatchTrainingResponse()

    def CancelTraining(
        self, request: training_pb2.CancelTrainingRequest, context: grpc.ServicerContext
    ) -> training_pb2.CancelTrainingResponse:
        caller = subject_of(context)
        # Before anything ends: a run that learns nothing is none of this service's.
        self._now(self._host.get(request.id, caller))
        return training_pb2.CancelTrainingResponse(training=self._now(self._host.cancel(request.id, caller)))

    def ListCheckpoints(
        self, request: training_pb2.ListCheckpointsRequest, context: grpc.ServicerContext
    ) -> training_pb2.ListCheckpointsResponse:
        record = self._host.get(request.id, subject_of(context))
        found = [
            training_pb2.Checkpoint(
                step=entry.step,
                generation=entry.generation,
                uri=uri,
                sha256=entry.sha256,
                size_bytes=entry.size_bytes,
                values=values,
            )
            for entry, uri, values in self._host.trainings.checkpoints(record)
        ]
        return training_pb2.ListCheckpointsResponse(checkpoints=found)

    def _now(self, record: RunRecord) -> training_pb2.Training:
        """With its progress. Raises BadConfig NO_TRAINING."""
        return training_to_proto(record, self._host.trainings.seen(record))


def training_registrar(host: RunHost) -> Callable[[grpc.Server], None]:
    """What adds the servicer to a server."""

    def register(server: grpc.Server) -> None:
        training_pb2_grpc.add_TrainingServiceServicer_to_server(  # type: ignore[no-untyped-call]
            TrainingServicer(host), server
        )

    return register


def training_request_of(request: training_pb2.SubmitTrainingRequest) -> RunRequest:
    """Raises BadConfig BAD_SUBMISSION; UNKNOWN_PIPELINE, NO_RECIPE, NO_PRESET, BAD_FLAGS, BAD_SETTING."""
    try:
        for name in ("recipe", "data_root", "checkpoint_dir"):
            if not getattr(request, name):
                raise ValueError(f"{name} is empty: a training needs one")
        pipeline = _recipe(request.recipe)
        flags = [with_dashes(flag) for flag in request.flags]
        for flag in flags:
            if flag.partition("=")[0] == pipeline.root_flag:
                raise ValueError(f"{flag} is no flag of a submitted training: give data_root")
        root = [f"{pipeline.root_flag}={request.data_root}"] if _has_option(pipeline, pipeline.root_flag) else []
        commands = commands_of(pipeline.name)
        named = [
            *_named(commands.baselines, "compat", request.compat),
            *_named(commands.presets, "preset", request.preset),
        ]
        options = options_of_argv(pipeline.name, [*named, *flags, *root])
        roots = RunRoots(request.data_root, request.checkpoint_dir, request.state_root, request.run_name)
        return RunRequest(pipeline.name, options, roots, Limits(max_attempts=request.max_attempts))
    except ValueError as error:
        raise BadConfig("BAD_SUBMISSION", str(error)) from error


def training_to_proto(record: RunRecord, seen: Seen | None = None) -> training_pb2.Training:
    """seen: its progress; None: not told."""
    plan = training_of(record)
    training = training_pb2.Training(run=run_to_proto(record))
    if plan is not None:
        training.recipe, training.num_ranks = plan.recipe, plan.num_ranks
    if seen is not None:
        training.progress.step, training.progress.generation = seen.step, seen.generation
        training.progress.finished = seen.finished
        training.progress.values.update(seen.values)
    return training


def _metrics_to_proto(measured: Measured) -> training_pb2.TrainingMetrics:
    return training_pb2.TrainingMetrics(number=measured.number, values=measured.values)


def _in_pieces(metrics: Iterable[Measured]) -> Iterator[list[Measured]]:
    """Of at most _MOST_METRICS each, so that a message stays small; one, if empty, at least."""
    rest = iter(metrics)
    piece = list(itertools.islice(rest, _MOST_METRICS))
    while True:
        yield piece
        piece = list(itertools.islice(rest, _MOST_METRICS))
        if not piece:
            return


def _recipe(name: str) -> Pipeline:
    """Raises BadConfig UNKNOWN_PIPELINE, NO_RECIPE."""
    pipeline = pipeline_of(next((one for one in PIPELINES if name in commands_of(one).aliases), name))
    if pipeline.gangs is no_gangs:
        known = [one for one in sorted(PIPELINES) if pipeline_of(one).gangs is not no_gangs]
        raise BadConfig("NO_RECIPE", f"{name} learns nothing: the recipes are {', '.join(known)}; see RunService")
    return pipeline


def _has_option(pipeline: Pipeline, flag: str) -> bool:
    return flag.removeprefix("--").replace("-", "_") in pipeline.options.__dataclass_fields__


def _named(where: str, what: str, name: str) -> list[str]:
    """The flags that named settings stand for. where: "module:member" of them all. Raises BadConfig NO_PRESET."""
    if not name:
        return []
    all_named: Mapping[str, Mapping[str, object]] = resolve(where) if where else {}
    if name not in all_named:
        raise BadConfig("NO_PRESET", f"the recipe has no {what} {name!r}, only {', '.join(all_named) or 'none'}")
    return [_flag(key, value) for key, value in all_named[name].items()]


def _flag(key: str, value: object) -> str:
    name = key.replace("_", "-")
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    return f"--{name}={value}"
