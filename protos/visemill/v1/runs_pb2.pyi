import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RunPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUN_PHASE_UNSPECIFIED: _ClassVar[RunPhase]
    RUN_PHASE_QUEUED: _ClassVar[RunPhase]
    RUN_PHASE_RUNNING: _ClassVar[RunPhase]
    RUN_PHASE_WAITING: _ClassVar[RunPhase]
    RUN_PHASE_FINISHED: _ClassVar[RunPhase]
    RUN_PHASE_FAILED: _ClassVar[RunPhase]
    RUN_PHASE_CANCELLING: _ClassVar[RunPhase]
    RUN_PHASE_CANCELLED: _ClassVar[RunPhase]
RUN_PHASE_UNSPECIFIED: RunPhase
RUN_PHASE_QUEUED: RunPhase
RUN_PHASE_RUNNING: RunPhase
RUN_PHASE_WAITING: RunPhase
RUN_PHASE_FINISHED: RunPhase
RUN_PHASE_FAILED: RunPhase
RUN_PHASE_CANCELLING: RunPhase
RUN_PHASE_CANCELLED: RunPhase

class Run(_message.Message):
    __slots__ = ("id", "name", "digest", "pipeline", "input_root", "output_root", "state_root", "phase", "version", "exit_code", "why", "shards", "clips", "quarantined", "notes", "submitted_at", "began_at", "ended_at", "summary", "error", "owner", "dataset", "further_input_roots")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    INPUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    STATE_ROOT_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    SHARDS_FIELD_NUMBER: _ClassVar[int]
    CLIPS_FIELD_NUMBER: _ClassVar[int]
    QUARANTINED_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    SUBMITTED_AT_FIELD_NUMBER: _ClassVar[int]
    BEGAN_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    FURTHER_INPUT_ROOTS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    digest: str
    pipeline: str
    input_root: str
    output_root: str
    state_root: str
    phase: RunPhase
    version: int
    exit_code: int
    why: str
    shards: Count
    clips: Count
    quarantined: int
    notes: _containers.RepeatedScalarFieldContainer[str]
    submitted_at: _timestamp_pb2.Timestamp
    began_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    summary: RunSummary
    error: RunError
    owner: str
    dataset: str
    further_input_roots: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., digest: _Optional[str] = ..., pipeline: _Optional[str] = ..., input_root: _Optional[str] = ..., output_root: _Optional[str] = ..., state_root: _Optional[str] = ..., phase: _Optional[_Union[RunPhase, str]] = ..., version: _Optional[int] = ..., exit_code: _Optional[int] = ..., why: _Optional[str] = ..., shards: _Optional[_Union[Count, _Mapping]] = ..., clips: _Optional[_Union[Count, _Mapping]] = ..., quarantined: _Optional[int] = ..., notes: _Optional[_Iterable[str]] = ..., submitted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., began_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., summary: _Optional[_Union[RunSummary, _Mapping]] = ..., error: _Optional[_Union[RunError, _Mapping]] = ..., owner: _Optional[str] = ..., dataset: _Optional[str] = ..., further_input_roots: _Optional[_Iterable[str]] = ...) -> None: ...

class RunError(_message.Message):
    __slots__ = ("kind", "reason", "message")
    KIND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    reason: str
    message: str
    def __init__(self, kind: _Optional[str] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class Count(_message.Message):
    __slots__ = ("done", "total")
    DONE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    done: int
    total: int
    def __init__(self, done: _Optional[int] = ..., total: _Optional[int] = ...) -> None: ...

class RunSummary(_message.Message):
    __slots__ = ("records", "reasons", "output_bytes", "frames", "landmarks_found_made", "wall_s", "nothing_to_do", "cluster", "found", "counts", "reused", "first_quarantined")
    class RecordsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    class ReasonsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    class CountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    class ReusedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_BYTES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    LANDMARKS_FOUND_MADE_FIELD_NUMBER: _ClassVar[int]
    WALL_S_FIELD_NUMBER: _ClassVar[int]
    NOTHING_TO_DO_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    REUSED_FIELD_NUMBER: _ClassVar[int]
    FIRST_QUARANTINED_FIELD_NUMBER: _ClassVar[int]
    records: _containers.ScalarMap[str, int]
    reasons: _containers.ScalarMap[str, int]
    output_bytes: int
    frames: int
    landmarks_found_made: int
    wall_s: float
    nothing_to_do: bool
    cluster: str
    found: int
    counts: _containers.ScalarMap[str, float]
    reused: _containers.ScalarMap[str, int]
    first_quarantined: _containers.RepeatedCompositeFieldContainer[QuarantinedClip]
    def __init__(self, records: _Optional[_Mapping[str, int]] = ..., reasons: _Optional[_Mapping[str, int]] = ..., output_bytes: _Optional[int] = ..., frames: _Optional[int] = ..., landmarks_found_made: _Optional[int] = ..., wall_s: _Optional[float] = ..., nothing_to_do: bool = ..., cluster: _Optional[str] = ..., found: _Optional[int] = ..., counts: _Optional[_Mapping[str, float]] = ..., reused: _Optional[_Mapping[str, int]] = ..., first_quarantined: _Optional[_Iterable[_Union[QuarantinedClip, _Mapping]]] = ...) -> None: ...

class QuarantinedClip(_message.Message):
    __slots__ = ("media", "reason", "message")
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    media: str
    reason: str
    message: str
    def __init__(self, media: _Optional[str] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class SubmitRequest(_message.Message):
    __slots__ = ("pipeline", "input_root", "output_root", "state_root", "run_name", "flags", "limits", "dataset", "plan_only", "further_input_roots")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    INPUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    STATE_ROOT_FIELD_NUMBER: _ClassVar[int]
    RUN_NAME_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    PLAN_ONLY_FIELD_NUMBER: _ClassVar[int]
    FURTHER_INPUT_ROOTS_FIELD_NUMBER: _ClassVar[int]
    pipeline: str
    input_root: str
    output_root: str
    state_root: str
    run_name: str
    flags: _containers.RepeatedScalarFieldContainer[str]
    limits: RunLimits
    dataset: str
    plan_only: bool
    further_input_roots: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, pipeline: _Optional[str] = ..., input_root: _Optional[str] = ..., output_root: _Optional[str] = ..., state_root: _Optional[str] = ..., run_name: _Optional[str] = ..., flags: _Optional[_Iterable[str]] = ..., limits: _Optional[_Union[RunLimits, _Mapping]] = ..., dataset: _Optional[str] = ..., plan_only: bool = ..., further_input_roots: _Optional[_Iterable[str]] = ...) -> None: ...

class RunLimits(_message.Message):
    __slots__ = ("num_workers", "max_failures", "max_attempts", "clip_time_s", "clip_memory_mib", "no_artifact_cache", "num_decoders")
    NUM_WORKERS_FIELD_NUMBER: _ClassVar[int]
    MAX_FAILURES_FIELD_NUMBER: _ClassVar[int]
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    CLIP_TIME_S_FIELD_NUMBER: _ClassVar[int]
    CLIP_MEMORY_MIB_FIELD_NUMBER: _ClassVar[int]
    NO_ARTIFACT_CACHE_FIELD_NUMBER: _ClassVar[int]
    NUM_DECODERS_FIELD_NUMBER: _ClassVar[int]
    num_workers: int
    max_failures: str
    max_attempts: int
    clip_time_s: float
    clip_memory_mib: int
    no_artifact_cache: bool
    num_decoders: int
    def __init__(self, num_workers: _Optional[int] = ..., max_failures: _Optional[str] = ..., max_attempts: _Optional[int] = ..., clip_time_s: _Optional[float] = ..., clip_memory_mib: _Optional[int] = ..., no_artifact_cache: bool = ..., num_decoders: _Optional[int] = ...) -> None: ...

class SubmitResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: Run
    def __init__(self, run: _Optional[_Union[Run, _Mapping]] = ...) -> None: ...

class GetRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class GetResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: Run
    def __init__(self, run: _Optional[_Union[Run, _Mapping]] = ...) -> None: ...

class ListRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "output_root")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    output_root: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., output_root: _Optional[str] = ...) -> None: ...

class ListResponse(_message.Message):
    __slots__ = ("runs", "next_page_token")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[Run]
    next_page_token: str
    def __init__(self, runs: _Optional[_Iterable[_Union[Run, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ("id", "since_version")
    ID_FIELD_NUMBER: _ClassVar[int]
    SINCE_VERSION_FIELD_NUMBER: _ClassVar[int]
    id: str
    since_version: int
    def __init__(self, id: _Optional[str] = ..., since_version: _Optional[int] = ...) -> None: ...

class WatchResponse(_message.Message):
    __slots__ = ("run", "messages")
    RUN_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    run: Run
    messages: _containers.RepeatedCompositeFieldContainer[RunMessage]
    def __init__(self, run: _Optional[_Union[Run, _Mapping]] = ..., messages: _Optional[_Iterable[_Union[RunMessage, _Mapping]]] = ...) -> None: ...

class RunMessage(_message.Message):
    __slots__ = ("said_at", "text")
    SAID_AT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    said_at: _timestamp_pb2.Timestamp
    text: str
    def __init__(self, said_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., text: _Optional[str] = ...) -> None: ...

class CancelRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class CancelResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: Run
    def __init__(self, run: _Optional[_Union[Run, _Mapping]] = ...) -> None: ...

class RetryRequest(_message.Message):
    __slots__ = ("id", "limits")
    ID_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    id: str
    limits: RunLimits
    def __init__(self, id: _Optional[str] = ..., limits: _Optional[_Union[RunLimits, _Mapping]] = ...) -> None: ...

class RetryResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: Run
    def __init__(self, run: _Optional[_Union[Run, _Mapping]] = ...) -> None: ...
