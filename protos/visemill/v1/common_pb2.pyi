from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PointSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POINT_SOURCE_UNSPECIFIED: _ClassVar[PointSource]
    POINT_SOURCE_MISSING: _ClassVar[PointSource]
    POINT_SOURCE_DETECTED: _ClassVar[PointSource]
    POINT_SOURCE_TRACKED: _ClassVar[PointSource]
    POINT_SOURCE_INTERPOLATED: _ClassVar[PointSource]
POINT_SOURCE_UNSPECIFIED: PointSource
POINT_SOURCE_MISSING: PointSource
POINT_SOURCE_DETECTED: PointSource
POINT_SOURCE_TRACKED: PointSource
POINT_SOURCE_INTERPOLATED: PointSource

class MediaHeader(_message.Message):
    __slots__ = ("name", "size_bytes", "uri")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    name: str
    size_bytes: int
    uri: str
    def __init__(self, name: _Optional[str] = ..., size_bytes: _Optional[int] = ..., uri: _Optional[str] = ...) -> None: ...

class VideoInfo(_message.Message):
    __slots__ = ("width_px", "height_px", "rotation_deg", "fps_hz", "num_frames_declared", "duration_s", "codec", "pixel_format", "pixel_aspect", "stream_index", "num_video_streams")
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    ROTATION_DEG_FIELD_NUMBER: _ClassVar[int]
    FPS_HZ_FIELD_NUMBER: _ClassVar[int]
    NUM_FRAMES_DECLARED_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    CODEC_FIELD_NUMBER: _ClassVar[int]
    PIXEL_FORMAT_FIELD_NUMBER: _ClassVar[int]
    PIXEL_ASPECT_FIELD_NUMBER: _ClassVar[int]
    STREAM_INDEX_FIELD_NUMBER: _ClassVar[int]
    NUM_VIDEO_STREAMS_FIELD_NUMBER: _ClassVar[int]
    width_px: int
    height_px: int
    rotation_deg: int
    fps_hz: float
    num_frames_declared: int
    duration_s: float
    codec: str
    pixel_format: str
    pixel_aspect: str
    stream_index: int
    num_video_streams: int
    def __init__(self, width_px: _Optional[int] = ..., height_px: _Optional[int] = ..., rotation_deg: _Optional[int] = ..., fps_hz: _Optional[float] = ..., num_frames_declared: _Optional[int] = ..., duration_s: _Optional[float] = ..., codec: _Optional[str] = ..., pixel_format: _Optional[str] = ..., pixel_aspect: _Optional[str] = ..., stream_index: _Optional[int] = ..., num_video_streams: _Optional[int] = ...) -> None: ...

class FrameChunk(_message.Message):
    __slots__ = ("first_index", "pts_s", "frames")
    FIRST_INDEX_FIELD_NUMBER: _ClassVar[int]
    PTS_S_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    first_index: int
    pts_s: _containers.RepeatedScalarFieldContainer[float]
    frames: bytes
    def __init__(self, first_index: _Optional[int] = ..., pts_s: _Optional[_Iterable[float]] = ..., frames: _Optional[bytes] = ...) -> None: ...

class DecodeFacts(_message.Message):
    __slots__ = ("num_frames", "num_corrupt", "num_duplicate_pts", "truncated", "ended_early", "warnings", "num_decoded", "num_lost", "num_derived_pts", "num_restarts", "rate_hz", "duration_s", "longest_step_s", "num_held", "num_hidden", "num_interlaced", "holes", "frames_sha256")
    NUM_FRAMES_FIELD_NUMBER: _ClassVar[int]
    NUM_CORRUPT_FIELD_NUMBER: _ClassVar[int]
    NUM_DUPLICATE_PTS_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    ENDED_EARLY_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    NUM_DECODED_FIELD_NUMBER: _ClassVar[int]
    NUM_LOST_FIELD_NUMBER: _ClassVar[int]
    NUM_DERIVED_PTS_FIELD_NUMBER: _ClassVar[int]
    NUM_RESTARTS_FIELD_NUMBER: _ClassVar[int]
    RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    LONGEST_STEP_S_FIELD_NUMBER: _ClassVar[int]
    NUM_HELD_FIELD_NUMBER: _ClassVar[int]
    NUM_HIDDEN_FIELD_NUMBER: _ClassVar[int]
    NUM_INTERLACED_FIELD_NUMBER: _ClassVar[int]
    HOLES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_SHA256_FIELD_NUMBER: _ClassVar[int]
    num_frames: int
    num_corrupt: int
    num_duplicate_pts: int
    truncated: bool
    ended_early: bool
    warnings: _containers.RepeatedScalarFieldContainer[str]
    num_decoded: int
    num_lost: int
    num_derived_pts: int
    num_restarts: int
    rate_hz: float
    duration_s: float
    longest_step_s: float
    num_held: int
    num_hidden: int
    num_interlaced: int
    holes: _containers.RepeatedCompositeFieldContainer[TimeHole]
    frames_sha256: str
    def __init__(self, num_frames: _Optional[int] = ..., num_corrupt: _Optional[int] = ..., num_duplicate_pts: _Optional[int] = ..., truncated: bool = ..., ended_early: bool = ..., warnings: _Optional[_Iterable[str]] = ..., num_decoded: _Optional[int] = ..., num_lost: _Optional[int] = ..., num_derived_pts: _Optional[int] = ..., num_restarts: _Optional[int] = ..., rate_hz: _Optional[float] = ..., duration_s: _Optional[float] = ..., longest_step_s: _Optional[float] = ..., num_held: _Optional[int] = ..., num_hidden: _Optional[int] = ..., num_interlaced: _Optional[int] = ..., holes: _Optional[_Iterable[_Union[TimeHole, _Mapping]]] = ..., frames_sha256: _Optional[str] = ...) -> None: ...

class TimeHole(_message.Message):
    __slots__ = ("at_s", "length_s")
    AT_S_FIELD_NUMBER: _ClassVar[int]
    LENGTH_S_FIELD_NUMBER: _ClassVar[int]
    at_s: float
    length_s: float
    def __init__(self, at_s: _Optional[float] = ..., length_s: _Optional[float] = ...) -> None: ...

class LandmarkChunk(_message.Message):
    __slots__ = ("first_index", "points", "scores", "sources")
    FIRST_INDEX_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    first_index: int
    points: bytes
    scores: _containers.RepeatedScalarFieldContainer[float]
    sources: _containers.RepeatedScalarFieldContainer[PointSource]
    def __init__(self, first_index: _Optional[int] = ..., points: _Optional[bytes] = ..., scores: _Optional[_Iterable[float]] = ..., sources: _Optional[_Iterable[_Union[PointSource, str]]] = ...) -> None: ...
