from visemill.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SpeakFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SPEAK_FORMAT_UNSPECIFIED: _ClassVar[SpeakFormat]
    SPEAK_FORMAT_MP4: _ClassVar[SpeakFormat]
    SPEAK_FORMAT_FRAMES: _ClassVar[SpeakFormat]
SPEAK_FORMAT_UNSPECIFIED: SpeakFormat
SPEAK_FORMAT_MP4: SpeakFormat
SPEAK_FORMAT_FRAMES: SpeakFormat

class SpeakStart(_message.Message):
    __slots__ = ("head", "person", "start_frame", "format", "sample_rate_hz")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    START_FRAME_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    head: str
    person: str
    start_frame: int
    format: SpeakFormat
    sample_rate_hz: int
    def __init__(self, head: _Optional[str] = ..., person: _Optional[str] = ..., start_frame: _Optional[int] = ..., format: _Optional[_Union[SpeakFormat, str]] = ..., sample_rate_hz: _Optional[int] = ...) -> None: ...

class SpeakRequest(_message.Message):
    __slots__ = ("start", "data")
    START_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    start: SpeakStart
    data: bytes
    def __init__(self, start: _Optional[_Union[SpeakStart, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class SpeakResponse(_message.Message):
    __slots__ = ("info", "film", "frames", "end")
    INFO_FIELD_NUMBER: _ClassVar[int]
    FILM_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    info: SpeakInfo
    film: bytes
    frames: _common_pb2.FrameChunk
    end: SpeakEnd
    def __init__(self, info: _Optional[_Union[SpeakInfo, _Mapping]] = ..., film: _Optional[bytes] = ..., frames: _Optional[_Union[_common_pb2.FrameChunk, _Mapping]] = ..., end: _Optional[_Union[SpeakEnd, _Mapping]] = ...) -> None: ...

class SpeakInfo(_message.Message):
    __slots__ = ("width_px", "height_px", "fps", "asr_model", "lookahead_s", "model_sha256")
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    FPS_FIELD_NUMBER: _ClassVar[int]
    ASR_MODEL_FIELD_NUMBER: _ClassVar[int]
    LOOKAHEAD_S_FIELD_NUMBER: _ClassVar[int]
    MODEL_SHA256_FIELD_NUMBER: _ClassVar[int]
    width_px: int
    height_px: int
    fps: float
    asr_model: str
    lookahead_s: float
    model_sha256: str
    def __init__(self, width_px: _Optional[int] = ..., height_px: _Optional[int] = ..., fps: _Optional[float] = ..., asr_model: _Optional[str] = ..., lookahead_s: _Optional[float] = ..., model_sha256: _Optional[str] = ...) -> None: ...

class SpeakEnd(_message.Message):
    __slots__ = ("num_frames", "duration_s", "first_frame_s")
    NUM_FRAMES_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    FIRST_FRAME_S_FIELD_NUMBER: _ClassVar[int]
    num_frames: int
    duration_s: float
    first_frame_s: float
    def __init__(self, num_frames: _Optional[int] = ..., duration_s: _Optional[float] = ..., first_frame_s: _Optional[float] = ...) -> None: ...
