from visemill.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FrameSize(_message.Message):
    __slots__ = ("width_px", "height_px")
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    width_px: int
    height_px: int
    def __init__(self, width_px: _Optional[int] = ..., height_px: _Optional[int] = ...) -> None: ...

class ExtractStart(_message.Message):
    __slots__ = ("media", "frames", "model", "weights", "max_frames", "target_fps")
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAMES_FIELD_NUMBER: _ClassVar[int]
    TARGET_FPS_FIELD_NUMBER: _ClassVar[int]
    media: _common_pb2.MediaHeader
    frames: FrameSize
    model: str
    weights: str
    max_frames: int
    target_fps: float
    def __init__(self, media: _Optional[_Union[_common_pb2.MediaHeader, _Mapping]] = ..., frames: _Optional[_Union[FrameSize, _Mapping]] = ..., model: _Optional[str] = ..., weights: _Optional[str] = ..., max_frames: _Optional[int] = ..., target_fps: _Optional[float] = ...) -> None: ...

class ExtractRequest(_message.Message):
    __slots__ = ("start", "data", "chunk")
    START_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    start: ExtractStart
    data: bytes
    chunk: _common_pb2.FrameChunk
    def __init__(self, start: _Optional[_Union[ExtractStart, _Mapping]] = ..., data: _Optional[bytes] = ..., chunk: _Optional[_Union[_common_pb2.FrameChunk, _Mapping]] = ...) -> None: ...

class ExtractInfo(_message.Message):
    __slots__ = ("model", "weights", "num_dims")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    NUM_DIMS_FIELD_NUMBER: _ClassVar[int]
    model: str
    weights: str
    num_dims: int
    def __init__(self, model: _Optional[str] = ..., weights: _Optional[str] = ..., num_dims: _Optional[int] = ...) -> None: ...

class VectorChunk(_message.Message):
    __slots__ = ("first_index", "pts_s", "vectors", "num_split_batches")
    FIRST_INDEX_FIELD_NUMBER: _ClassVar[int]
    PTS_S_FIELD_NUMBER: _ClassVar[int]
    VECTORS_FIELD_NUMBER: _ClassVar[int]
    NUM_SPLIT_BATCHES_FIELD_NUMBER: _ClassVar[int]
    first_index: int
    pts_s: _containers.RepeatedScalarFieldContainer[float]
    vectors: bytes
    num_split_batches: int
    def __init__(self, first_index: _Optional[int] = ..., pts_s: _Optional[_Iterable[float]] = ..., vectors: _Optional[bytes] = ..., num_split_batches: _Optional[int] = ...) -> None: ...

class ExtractResponse(_message.Message):
    __slots__ = ("info", "chunk", "facts")
    INFO_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    info: ExtractInfo
    chunk: VectorChunk
    facts: _common_pb2.DecodeFacts
    def __init__(self, info: _Optional[_Union[ExtractInfo, _Mapping]] = ..., chunk: _Optional[_Union[VectorChunk, _Mapping]] = ..., facts: _Optional[_Union[_common_pb2.DecodeFacts, _Mapping]] = ...) -> None: ...
