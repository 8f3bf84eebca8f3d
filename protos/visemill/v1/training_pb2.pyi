from visemill.v1 import runs_pb2 as _runs_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Training(_message.Message):
    __slots__ = ("run", "recipe", "num_ranks", "progress")
    RUN_FIELD_NUMBER: _ClassVar[int]
    RECIPE_FIELD_NUMBER: _ClassVar[int]
    NUM_RANKS_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    run: _runs_pb2.Run
    recipe: str
    num_ranks: int
    progress: TrainingProgress
    def __init__(self, run: _Optional[_Union[_runs_pb2.Run, _Mapping]] = ..., recipe: _Optional[str] = ..., num_ranks: _Optional[int] = ..., progress: _Optional[_Union[TrainingProgress, _Mapping]] = ...) -> None: ...

class TrainingProgress(_message.Message):
    __slots__ = ("step", "generation", "values", "finished")
    class ValuesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    STEP_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    step: int
    generation: int
    values: _containers.ScalarMap[str, float]
    finished: bool
    def __init__(self, step: _Optional[int] = ..., generation: _Optional[int] = ..., values: _Optional[_Mapping[str, float]] = ..., finished: bool = ...) -> None: ...

class TrainingMetrics(_message.Message):
    __slots__ = ("number", "values")
    class ValuesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    number: int
    values: _containers.ScalarMap[str, float]
    def __init__(self, number: _Optional[int] = ..., values: _Optional[_Mapping[str, float]] = ...) -> None: ...

class Checkpoint(_message.Message):
    __slots__ = ("step", "generation", "uri", "sha256", "size_bytes", "values")
    class ValuesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    STEP_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    step: int
    generation: int
    uri: str
    sha256: str
    size_bytes: int
    values: _containers.ScalarMap[str, float]
    def __init__(self, step: _Optional[int] = ..., generation: _Optional[int] = ..., uri: _Optional[str] = ..., sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ..., values: _Optional[_Mapping[str, float]] = ...) -> None: ...

class SubmitTrainingRequest(_message.Message):
    __slots__ = ("recipe", "data_root", "checkpoint_dir", "state_root", "run_name", "preset", "flags", "max_attempts", "plan_only", "compat")
    RECIPE_FIELD_NUMBER: _ClassVar[int]
    DATA_ROOT_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_DIR_FIELD_NUMBER: _ClassVar[int]
    STATE_ROOT_FIELD_NUMBER: _ClassVar[int]
    RUN_NAME_FIELD_NUMBER: _ClassVar[int]
    PRESET_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    PLAN_ONLY_FIELD_NUMBER: _ClassVar[int]
    COMPAT_FIELD_NUMBER: _ClassVar[int]
    recipe: str
    data_root: str
    checkpoint_dir: str
    state_root: str
    run_name: str
    preset: str
    flags: _containers.RepeatedScalarFieldContainer[str]
    max_attempts: int
    plan_only: bool
    compat: str
    def __init__(self, recipe: _Optional[str] = ..., data_root: _Optional[str] = ..., checkpoint_dir: _Optional[str] = ..., state_root: _Optional[str] = ..., run_name: _Optional[str] = ..., preset: _Optional[str] = ..., flags: _Optional[_Iterable[str]] = ..., max_attempts: _Optional[int] = ..., plan_only: bool = ..., compat: _Optional[str] = ...) -> None: ...

class SubmitTrainingResponse(_message.Message):
    __slots__ = ("training",)
    TRAINING_FIELD_NUMBER: _ClassVar[int]
    training: Training
    def __init__(self, training: _Optional[_Union[Training, _Mapping]] = ...) -> None: ...

class GetTrainingRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class GetTrainingResponse(_message.Message):
    __slots__ = ("training",)
    TRAINING_FIELD_NUMBER: _ClassVar[int]
    training: Training
    def __init__(self, training: _Optional[_Union[Training, _Mapping]] = ...) -> None: ...

class ListTrainingsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "checkpoint_dir")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_DIR_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    checkpoint_dir: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., checkpoint_dir: _Optional[str] = ...) -> None: ...

class ListTrainingsResponse(_message.Message):
    __slots__ = ("trainings", "next_page_token")
    TRAININGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    trainings: _containers.RepeatedCompositeFieldContainer[Training]
    next_page_token: str
    def __init__(self, trainings: _Optional[_Iterable[_Union[Training, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchTrainingRequest(_message.Message):
    __slots__ = ("id", "since_version", "since_metric")
    ID_FIELD_NUMBER: _ClassVar[int]
    SINCE_VERSION_FIELD_NUMBER: _ClassVar[int]
    SINCE_METRIC_FIELD_NUMBER: _ClassVar[int]
    id: str
    since_version: int
    since_metric: int
    def __init__(self, id: _Optional[str] = ..., since_version: _Optional[int] = ..., since_metric: _Optional[int] = ...) -> None: ...

class WatchTrainingResponse(_message.Message):
    __slots__ = ("training", "messages", "metrics")
    TRAINING_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    training: Training
    messages: _containers.RepeatedCompositeFieldContainer[_runs_pb2.RunMessage]
    metrics: _containers.RepeatedCompositeFieldContainer[TrainingMetrics]
    def __init__(self, training: _Optional[_Union[Training, _Mapping]] = ..., messages: _Optional[_Iterable[_Union[_runs_pb2.RunMessage, _Mapping]]] = ..., metrics: _Optional[_Iterable[_Union[TrainingMetrics, _Mapping]]] = ...) -> None: ...

class CancelTrainingRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class CancelTrainingResponse(_message.Message):
    __slots__ = ("training",)
    TRAINING_FIELD_NUMBER: _ClassVar[int]
    training: Training
    def __init__(self, training: _Optional[_Union[Training, _Mapping]] = ...) -> None: ...

class ListCheckpointsRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ListCheckpointsResponse(_message.Message):
    __slots__ = ("checkpoints",)
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    checkpoints: _containers.RepeatedCompositeFieldContainer[Checkpoint]
    def __init__(self, checkpoints: _Optional[_Iterable[_Union[Checkpoint, _Mapping]]] = ...) -> None: ...
