from visemill.v1 import common_pb2 as _common_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DecodeStart(_message.Message):
    __slots__ = ("media", "max_frames", "sampling", "target_fps")
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAMES_FIELD_NUMBER: _ClassVar[int]
    SAMPLING_FIELD_NUMBER: _ClassVar[int]
    TARGET_FPS_FIELD_NUMBER: _ClassVar[int]
    media: _common_pb2.MediaHeader
    max_frames: int
    sampling: str
    target_fps: float
    def __init__(self, media: _Optional[_Union[_common_pb2.MediaHeader, _Mapping]] = ..., max_frames: _Optional[int] = ..., sampling: _Optional[str] = ..., target_fps: _Optional[float] = ...) -> None: ...

class DecodeRequest(_message.Message):
    __slots__ = ("start", "data")
    START_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    start: DecodeStart
    data: bytes
    def __init__(self, start: _Optional[_Union[DecodeStart, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class DecodeResponse(_message.Message):
    __slots__ = ("info", "chunk", "facts")
    INFO_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    info: _common_pb2.VideoInfo
    chunk: _common_pb2.FrameChunk
    facts: _common_pb2.DecodeFacts
    def __init__(self, info: _Optional[_Union[_common_pb2.VideoInfo, _Mapping]] = ..., chunk: _Optional[_Union[_common_pb2.FrameChunk, _Mapping]] = ..., facts: _Optional[_Union[_common_pb2.DecodeFacts, _Mapping]] = ...) -> None: ...
