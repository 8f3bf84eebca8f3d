"""I/O: a RunService, from its caller's side: calls are tried again, and a watch is taken up where it broke off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import grpc
from visemill.v1 import runs_pb2, runs_pb2_grpc

from orchestrator.access.request import Limits, RunRequest
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.service.record import Phase
from services.base.errors import Transient, VisemillError
from services.base.process.settings import settings
from services.base.rpc.client import Remote, meaning_of
from services.base.run.totals import answer_counts
from services.base.stage.config import argv_of

_Result = TypeVar("_Result")
_PAUSE_S = 1.0
_PAGE_SIZE = 1000


class RunClient:
    """`with RunClient("host:port") as client`. Calls raise what the server raises, and Transient when it is away."""

    def __init__(self, target: str) -> None:
        self._values = settings()
        self._remote = Remote(target, self._values)
        self._stub = runs_pb2_grpc.RunServiceStub(self._remote.channel)  # type: ignore[no-untyped-call]
        self._target = target

    def __enter__(self) -> RunClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._remote.channel.close()

    def submit(self, run: RunRequest, still_planning: Callable[[], object], *, plan_only: bool = False) -> runs_pb2.Run:
        """Until the run is pinned; still_planning is called whenever a call's time was over before.

        plan_only: the run as it would be, without an id.
        """
        request = request_of(run)
        request.plan_only = plan_only
        while True:
            try:
                response: runs_pb2.SubmitResponse = self._call(self._stub.Submit, request)
                return response.run
            except Transient as error:
                if error.reason != "DEADLINE_EXCEEDED":
                    raise
                # The same request again waits for the planning that is under way.
                still_planning()

    def get(self, run_id: str) -> runs_pb2.Run:
        response: runs_pb2.GetResponse = self._call(self._stub.Get, runs_pb2.GetRequest(id=run_id))
        return response.run

    def cancel(self, run_id: str) -> runs_pb2.Run:
        response: runs_pb2.CancelResponse = self._call(self._stub.Cancel, runs_pb2.CancelRequest(id=run_id))
        return response.run

    def retry(self, run_id: str, limits: Limits | None) -> runs_pb2.Run:
        """limits: None as the run was executed before."""
        request = runs_pb2.RetryRequest(id=run_id, limits=None if limits is None else _limits_to_proto(limits))
        response: runs_pb2.RetryResponse = self._call(self._stub.Retry, request)
        return response.run

    def runs(self, output_root: str = "") -> Iterator[runs_pb2.Run]:
        """All runs, the newest first."""
        token = ""
        while True:
            request = runs_pb2.ListRequest(page_size=_PAGE_SIZE, page_token=token, output_root=output_root)
            page: runs_pb2.ListResponse = self._call(self._stub.List, request)
            yield from page.runs
            token = page.next_page_token
            if not token:
                return

    def watch(self, run_id: str) -> Iterator[runs_pb2.WatchResponse]:
        """Each change of a run until it has ended. Raises Transient once the server is away for too long."""
        since, heard_s = 0, time.monotonic()
        while True:
            try:
                for answer in self._stub.Watch(
                    runs_pb2.WatchRequest(id=run_id, since_version=since), timeout=self._values.rpc_deadline_s
                ):
                    since, heard_s = answer.run.version, time.monotonic()
                    yield answer
                    if answer.run.HasField("ended_at"):
                        return
            except grpc.RpcError as error:
                meaning = meaning_of(error, self._target, self._values)
                if not self._passes(meaning, heard_s):
                    raise meaning from error
            time.sleep(_PAUSE_S)

    def _passes(self, meaning: VisemillError, heard_s: float) -> bool:
        return isinstance(meaning, Transient) and time.monotonic() - heard_s < self._values.rpc_patience_s

    def _call(self, call: Callable[..., _Result], request: object) -> _Result:
        return self._remote.retry_with_timeout(lambda: call(request, timeout=self._remote.deadline_s))


def request_of(run: RunRequest) -> runs_pb2.SubmitRequest:
    """The inverse of orchestrator.service.servicer.submission_of."""
    return runs_pb2.SubmitRequest(
        pipeline=run.pipeline,
        input_root=run.roots.input_root,
        further_input_roots=run.roots.further_roots,
        output_root=run.roots.datasets_root,
        dataset=run.roots.dataset,
        state_root=run.roots.state_root,
        run_name=run.roots.run_name,
        flags=argv_of(run.options),
        limits=_limits_to_proto(run.limits),
    )


def _limits_to_proto(limits: Limits) -> runs_pb2.RunLimits:
    return runs_pb2.RunLimits(
        num_workers=limits.num_workers,
        max_failures=limits.max_failures,
        max_attempts=limits.max_attempts,
        clip_time_s=limits.clip_time_s,
        clip_memory_mib=limits.clip_memory_mib,
        no_artifact_cache=not limits.artifact_cache,
        num_decoders=limits.num_decoders,
    )


def phase_of(run: runs_pb2.Run) -> Phase:
    """The phase of a run. Raises KeyError for one that only a newer server knows."""
    return Phase[runs_pb2.RunPhase.Name(run.phase).removeprefix("RUN_PHASE_")]


def answer_of(run: runs_pb2.Run) -> dict[str, Any]:
    """What the command that executes a run here would answer as JSON; only of a run that was summed up."""
    summary = run.summary
    splits = pipeline_of(run.pipeline).splits
    return {
        "run": run.name,
        "pipeline": run.pipeline,
        "output_root": run.output_root,
        "finished": run.phase == runs_pb2.RUN_PHASE_FINISHED,
        "why": run.why,
        "nothing_to_do": summary.nothing_to_do,
        "shards": {"done": run.shards.done, "total": run.shards.total},
        "found": summary.found,
        **answer_counts(splits, summary.records, summary.counts, summary.reused),
        "quarantined": run.quarantined,
        "reasons": dict(sorted(summary.reasons.items())),
        "first_quarantined": [
            {"media": clip.media, "reason": clip.reason, "message": clip.message} for clip in summary.first_quarantined
        ],
        "bytes": summary.output_bytes,
        "wall_s": summary.wall_s,
        "notes": list(run.notes),
        "exit_code": run.exit_code,
        "cluster": summary.cluster,
    }
