"""RunService: runs submitted by other systems. The servicer translates; orchestrator/service/host.py does the work."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import grpc
from google.protobuf import timestamp_pb2
from visemill.v1 import runs_pb2, runs_pb2_grpc

from orchestrator.access.request import Limits, RunRequest, RunRoots, options_of_argv
from orchestrator.service.host import RunHost
from orchestrator.service.owners import ANONYMOUS
from orchestrator.service.record import Message, Phase, RunRecord
from services.base.errors import BadConfig, BadInput
from services.base.rpc.interceptor import current_call

SERVICE = runs_pb2.DESCRIPTOR.services_by_name["RunService"].full_name

_MOST_ON_A_PAGE = 1000
_USUALLY_ON_A_PAGE = 100


class RunServicer(runs_pb2_grpc.RunServiceServicer):
    """Translates between messages and a RunHost."""

    def __init__(self, host: RunHost) -> None:
        self._host = host

    def Submit(self, request: runs_pb2.SubmitRequest, context: grpc.ServicerContext) -> runs_pb2.SubmitResponse:
        asked, wait, caller = run_request_of(request), current_call().remaining_s, subject_of(context)
        if request.plan_only:
            run = run_to_proto(self._host.plan(asked, wait, caller))
            run.ClearField("id")
            return runs_pb2.SubmitResponse(run=run)
        return runs_pb2.SubmitResponse(run=run_to_proto(self._host.submit(asked, wait, caller)))

    def Get(self, request: runs_pb2.GetRequest, context: grpc.ServicerContext) -> runs_pb2.GetResponse:
        return runs_pb2.GetResponse(run=run_to_proto(self._host.get(request.id, subject_of(context))))

    def List(self, request: runs_pb2.ListRequest, context: grpc.ServicerContext) -> runs_pb2.ListResponse:
        records = self._host.records_of(subject_of(context))
        if request.output_root:
            asked = request.output_root
            roots = [(record, record.request.roots) for record in records]
            records = [record for record, own in roots if asked in (own.output_root, own.datasets_root)]
        return page_of(records, request.page_size, request.page_token)

    def Watch(self, request: runs_pb2.WatchRequest, context: grpc.ServicerContext) -> Iterator[runs_pb2.WatchResponse]:
        for record, messages in self._host.watch(
            request.id, request.since_version, current_call().remaining_s, subject_of(context)
        ):
            yield runs_pb2.WatchResponse(run=run_to_proto(record), messages=map(message_to_proto, messages))

    def Cancel(self, request: runs_pb2.CancelRequest, context: grpc.ServicerContext) -> runs_pb2.CancelResponse:
        return runs_pb2.CancelResponse(run=run_to_proto(self._host.cancel(request.id, subject_of(context))))

    def Retry(self, request: runs_pb2.RetryRequest, context: grpc.ServicerContext) -> runs_pb2.RetryResponse:
        limits = _limits_of(request.limits) if request.HasField("limits") else None
        return runs_pb2.RetryResponse(run=run_to_proto(self._host.retry(request.id, limits, subject_of(context))))


def registrar(host: RunHost) -> Callable[[grpc.Server], None]:
    """What adds the servicer to a server."""

    def register(server: grpc.Server) -> None:
        runs_pb2_grpc.add_RunServiceServicer_to_server(RunServicer(host), server)  # type: ignore[no-untyped-call]

    return register


def subject_of(context: grpc.ServicerContext) -> str:
    """Who calls: the subject of its certificate, such as CN=alice,O=team; ANONYMOUS where none was asked for.

    Of a certificate without a subject: SAN= and its first alternative name, or sha256: and its digest.
    """
    # grpc's stubs say bytes, and it gives sequences of them.
    shown = cast("Mapping[str, Sequence[bytes]]", context.auth_context())
    for key, prefix in (("x509_subject", ""), ("x509_subject_alternative_name", "SAN=")):
        if (first := next(iter(shown.get(key, ())), b"")) != b"":
            return prefix + first.decode("utf-8", "backslashreplace")
    pem = next(iter(shown.get("x509_pem_cert", ())), b"")
    return f"sha256:{hashlib.sha256(pem).hexdigest()}" if pem else ANONYMOUS


def run_request_of(request: runs_pb2.SubmitRequest) -> RunRequest:
    """Raises BadConfig BAD_SUBMISSION; UNKNOWN_PIPELINE, and BAD_FLAGS for flags that are not the pipeline's."""
    try:
        if not request.pipeline:
            raise ValueError("pipeline is empty: a run needs one")
        places = request.input_root, request.output_root, request.dataset, request.state_root, request.run_name
        roots = RunRoots.of_dataset(*places, further_roots=tuple(request.further_input_roots))
        options = options_of_argv(request.pipeline, request.flags)
        return RunRequest(request.pipeline, options, roots, _limits_of(request.limits))
    except ValueError as error:
        raise BadConfig("BAD_SUBMISSION", str(error)) from error


def _limits_of(limits: runs_pb2.RunLimits) -> Limits:
    """Raises BadConfig BAD_SUBMISSION."""
    try:
        return Limits(
            limits.num_workers,
            limits.max_failures,
            limits.max_attempts,
            limits.clip_time_s,
            limits.clip_memory_mib,
            not limits.no_artifact_cache,
            limits.num_decoders,
        )
    except ValueError as error:
        raise BadConfig("BAD_SUBMISSION", str(error)) from error


def page_of(records: list[RunRecord], page_size: int, page_token: str) -> runs_pb2.ListResponse:
    """A page of the records, which are the newest first. Raises BadInput BAD_PAGE."""
    page, token = records_of_page(records, page_size, page_token)
    return runs_pb2.ListResponse(runs=[run_to_proto(record) for record in page], next_page_token=token)


def records_of_page(records: list[RunRecord], page_size: int, page_token: str) -> tuple[list[RunRecord], str]:
    """(records of a page, the token of the next, empty on the last). Raises BadInput BAD_PAGE."""
    if page_size < 0:
        raise BadInput("BAD_PAGE", f"page_size must be 0 (the server's default) or more, not {page_size}")
    size = min(page_size or _USUALLY_ON_A_PAGE, _MOST_ON_A_PAGE)
    if page_token:
        # A place in the order, not a number of records: it stays right while others are submitted.
        try:
            at, run_id = page_token.split(":", 1)
            place = (float(at), run_id)
        except ValueError:
            raise BadInput("BAD_PAGE", f"page_token {page_token!r} is none that this server gave") from None
        records = [record for record in records if (record.submitted_at_s, record.id) < place]
    page, rest = records[:size], records[size:]
    token = f"{page[-1].submitted_at_s!r}:{page[-1].id}" if rest else ""
    return page, token


def run_to_proto(record: RunRecord) -> runs_pb2.Run:
    """The same under the names of runs.proto."""
    request, pinned = record.request, record.pinned
    run = runs_pb2.Run(
        id=record.id,
        name=pinned.name,
        digest=pinned.digest,
        pipeline=request.pipeline,
        input_root=request.roots.input_root,
        further_input_roots=request.roots.further_roots,
        output_root=request.roots.output_root,
        state_root=pinned.state_root,
        phase=phase_to_proto(record.phase),
        version=record.version,
        exit_code=record.exit_code if record.phase.ended else 0,
        why=record.why,
        shards=runs_pb2.Count(done=record.shards_done, total=pinned.num_shards),
        clips=runs_pb2.Count(done=record.clips_done, total=pinned.num_clips),
        quarantined=record.quarantined,
        notes=pinned.notes,
        submitted_at=_timestamp(record.submitted_at_s),
        owner=record.owner,
        dataset=request.roots.dataset,
    )
    if record.began_at_s:
        run.began_at.CopyFrom(_timestamp(record.began_at_s))
    if record.ended_at_s:
        run.ended_at.CopyFrom(_timestamp(record.ended_at_s))
    if record.summary is not None:
        run.summary.CopyFrom(_summary_to_proto(record.summary))
    if record.error is not None:
        error = record.error
        run.error.CopyFrom(runs_pb2.RunError(kind=error["kind"], reason=error["reason"], message=error["message"]))
    return run


def message_to_proto(message: Message) -> runs_pb2.RunMessage:
    return runs_pb2.RunMessage(said_at=_timestamp(message.at_s), text=message.text)


def phase_to_proto(phase: Phase) -> runs_pb2.RunPhase:
    return cast("runs_pb2.RunPhase", runs_pb2.RunPhase.Value(f"RUN_PHASE_{phase.name}"))


def _summary_to_proto(summary: Mapping[str, Any]) -> runs_pb2.RunSummary:
    # Runs that ended under an earlier version have none of what is asked for by `get`.
    counts, reused = summary.get("counts", {}), summary.get("reused", {})
    return runs_pb2.RunSummary(
        records=summary["records"],
        reasons=summary["reasons"],
        output_bytes=summary["bytes"],
        frames=int(counts.get("frames", 0)),
        landmarks_found_made=reused.get("landmarks", 0),
        counts=counts,
        reused=reused,
        wall_s=summary["wall_s"],
        nothing_to_do=summary["nothing_to_do"],
        cluster=summary["cluster"],
        found=summary["found"],
        first_quarantined=[runs_pb2.QuarantinedClip(**clip) for clip in summary.get("first_quarantined", ())],
    )


def _timestamp(at_s: float) -> timestamp_pb2.Timestamp:
    seconds = int(at_s)
    return timestamp_pb2.Timestamp(seconds=seconds, nanos=int((at_s - seconds) * 1e9))
