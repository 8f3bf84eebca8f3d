from visemill.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LandmarkBackend(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LANDMARK_BACKEND_UNSPECIFIED: _ClassVar[LandmarkBackend]
    LANDMARK_BACKEND_MEDIAPIPE: _ClassVar[LandmarkBackend]
    LANDMARK_BACKEND_DLIB: _ClassVar[LandmarkBackend]

class LandmarkMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LANDMARK_MODE_UNSPECIFIED: _ClassVar[LandmarkMode]
    LANDMARK_MODE_TRACKED: _ClassVar[LandmarkMode]
    LANDMARK_MODE_PER_FRAME: _ClassVar[LandmarkMode]
LANDMARK_BACKEND_UNSPECIFIED: LandmarkBackend
LANDMARK_BACKEND_MEDIAPIPE: LandmarkBackend
LANDMARK_BACKEND_DLIB: LandmarkBackend
LANDMARK_MODE_UNSPECIFIED: LandmarkMode
LANDMARK_MODE_TRACKED: LandmarkMode
LANDMARK_MODE_PER_FRAME: LandmarkMode

class FramesHeader(_message.Message):
    __slots__ = ("width_px", "height_px")
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    width_px: int
    height_px: int
    def __init__(self, width_px: _Optional[int] = ..., height_px: _Optional[int] = ...) -> None: ...

class DetectStart(_message.Message):
    __slots__ = ("media", "frames", "backend", "mode", "max_frames", "num_jitters", "sampling", "target_fps", "max_gap_frames")
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAMES_FIELD_NUMBER: _ClassVar[int]
    NUM_JITTERS_FIELD_NUMBER: _ClassVar[int]
    SAMPLING_FIELD_NUMBER: _ClassVar[int]
    TARGET_FPS_FIELD_NUMBER: _ClassVar[int]
    MAX_GAP_FRAMES_FIELD_NUMBER: _ClassVar[int]
    media: _common_pb2.MediaHeader
    frames: FramesHeader
    backend: LandmarkBackend
    mode: LandmarkMode
    max_frames: int
    num_jitters: int
    sampling: str
    target_fps: float
    max_gap_frames: int
    def __init__(self, media: _Optional[_Union[_common_pb2.MediaHeader, _Mapping]] = ..., frames: _Optional[_Union[FramesHeader, _Mapping]] = ..., backend: _Optional[_Union[LandmarkBackend, str]] = ..., mode: _Optional[_Union[LandmarkMode, str]] = ..., max_frames: _Optional[int] = ..., num_jitters: _Optional[int] = ..., sampling: _Optional[str] = ..., target_fps: _Optional[float] = ..., max_gap_frames: _Optional[int] = ...) -> None: ...

class DetectRequest(_message.Message):
    __slots__ = ("start", "data", "chunk")
    START_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    start: DetectStart
    data: bytes
    chunk: _common_pb2.FrameChunk
    def __init__(self, start: _Optional[_Union[DetectStart, _Mapping]] = ..., data: _Optional[bytes] = ..., chunk: _Optional[_Union[_common_pb2.FrameChunk, _Mapping]] = ...) -> None: ...

class DetectInfo(_message.Message):
    __slots__ = ("topology", "num_points", "width_px", "height_px")
    TOPOLOGY_FIELD_NUMBER: _ClassVar[int]
    NUM_POINTS_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    topology: str
    num_points: int
    width_px: int
    height_px: int
    def __init__(self, topology: _Optional[str] = ..., num_points: _Optional[int] = ..., width_px: _Optional[int] = ..., height_px: _Optional[int] = ...) -> None: ...

class DetectResponse(_message.Message):
    __slots__ = ("info", "chunk", "facts")
    INFO_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    info: DetectInfo
    chunk: _common_pb2.LandmarkChunk
    facts: _common_pb2.DecodeFacts
    def __init__(self, info: _Optional[_Union[DetectInfo, _Mapping]] = ..., chunk: _Optional[_Union[_common_pb2.LandmarkChunk, _Mapping]] = ..., facts: _Optional[_Union[_common_pb2.DecodeFacts, _Mapping]] = ...) -> None: ...
