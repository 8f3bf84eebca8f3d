from visemill.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AudioChannels(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUDIO_CHANNELS_UNSPECIFIED: _ClassVar[AudioChannels]
    AUDIO_CHANNELS_MONO: _ClassVar[AudioChannels]
    AUDIO_CHANNELS_SOURCE: _ClassVar[AudioChannels]
AUDIO_CHANNELS_UNSPECIFIED: AudioChannels
AUDIO_CHANNELS_MONO: AudioChannels
AUDIO_CHANNELS_SOURCE: AudioChannels

class DecodeAudioStart(_message.Message):
    __slots__ = ("media", "sample_rate_hz", "channels")
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    media: _common_pb2.MediaHeader
    sample_rate_hz: int
    channels: AudioChannels
    def __init__(self, media: _Optional[_Union[_common_pb2.MediaHeader, _Mapping]] = ..., sample_rate_hz: _Optional[int] = ..., channels: _Optional[_Union[AudioChannels, str]] = ...) -> None: ...

class DecodeAudioRequest(_message.Message):
    __slots__ = ("start", "data")
    START_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    start: DecodeAudioStart
    data: bytes
    def __init__(self, start: _Optional[_Union[DecodeAudioStart, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class DecodeAudioResponse(_message.Message):
    __slots__ = ("info", "chunk", "facts")
    INFO_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    info: AudioInfo
    chunk: AudioChunk
    facts: AudioFacts
    def __init__(self, info: _Optional[_Union[AudioInfo, _Mapping]] = ..., chunk: _Optional[_Union[AudioChunk, _Mapping]] = ..., facts: _Optional[_Union[AudioFacts, _Mapping]] = ...) -> None: ...

class AudioInfo(_message.Message):
    __slots__ = ("sample_rate_hz", "num_channels", "codec", "sample_format", "source_rate_hz", "source_channels", "start_s", "duration_s", "stream_index", "num_audio_streams")
    SAMPLE_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    NUM_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    CODEC_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FORMAT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    SOURCE_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    START_S_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    STREAM_INDEX_FIELD_NUMBER: _ClassVar[int]
    NUM_AUDIO_STREAMS_FIELD_NUMBER: _ClassVar[int]
    sample_rate_hz: int
    num_channels: int
    codec: str
    sample_format: str
    source_rate_hz: int
    source_channels: int
    start_s: float
    duration_s: float
    stream_index: int
    num_audio_streams: int
    def __init__(self, sample_rate_hz: _Optional[int] = ..., num_channels: _Optional[int] = ..., codec: _Optional[str] = ..., sample_format: _Optional[str] = ..., source_rate_hz: _Optional[int] = ..., source_channels: _Optional[int] = ..., start_s: _Optional[float] = ..., duration_s: _Optional[float] = ..., stream_index: _Optional[int] = ..., num_audio_streams: _Optional[int] = ...) -> None: ...

class AudioChunk(_message.Message):
    __slots__ = ("first_sample", "samples")
    FIRST_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    first_sample: int
    samples: bytes
    def __init__(self, first_sample: _Optional[int] = ..., samples: _Optional[bytes] = ...) -> None: ...

class AudioFacts(_message.Message):
    __slots__ = ("num_samples", "duration_s", "num_decoded", "resampled", "mixed_down", "num_gaps", "gap_s", "gaps", "num_overlaps", "overlap_s", "num_restarts", "num_derived_pts", "num_corrupt", "num_clipped", "num_not_finite", "peak", "ended_early", "warnings")
    NUM_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    NUM_DECODED_FIELD_NUMBER: _ClassVar[int]
    RESAMPLED_FIELD_NUMBER: _ClassVar[int]
    MIXED_DOWN_FIELD_NUMBER: _ClassVar[int]
    NUM_GAPS_FIELD_NUMBER: _ClassVar[int]
    GAP_S_FIELD_NUMBER: _ClassVar[int]
    GAPS_FIELD_NUMBER: _ClassVar[int]
    NUM_OVERLAPS_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_S_FIELD_NUMBER: _ClassVar[int]
    NUM_RESTARTS_FIELD_NUMBER: _ClassVar[int]
    NUM_DERIVED_PTS_FIELD_NUMBER: _ClassVar[int]
    NUM_CORRUPT_FIELD_NUMBER: _ClassVar[int]
    NUM_CLIPPED_FIELD_NUMBER: _ClassVar[int]
    NUM_NOT_FINITE_FIELD_NUMBER: _ClassVar[int]
    PEAK_FIELD_NUMBER: _ClassVar[int]
    ENDED_EARLY_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    num_samples: int
    duration_s: float
    num_decoded: int
    resampled: bool
    mixed_down: bool
    num_gaps: int
    gap_s: float
    gaps: _containers.RepeatedCompositeFieldContainer[_common_pb2.TimeHole]
    num_overlaps: int
    overlap_s: float
    num_restarts: int
    num_derived_pts: int
    num_corrupt: int
    num_clipped: int
    num_not_finite: int
    peak: float
    ended_early: bool
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, num_samples: _Optional[int] = ..., duration_s: _Optional[float] = ..., num_decoded: _Optional[int] = ..., resampled: bool = ..., mixed_down: bool = ..., num_gaps: _Optional[int] = ..., gap_s: _Optional[float] = ..., gaps: _Optional[_Iterable[_Union[_common_pb2.TimeHole, _Mapping]]] = ..., num_overlaps: _Optional[int] = ..., overlap_s: _Optional[float] = ..., num_restarts: _Optional[int] = ..., num_derived_pts: _Optional[int] = ..., num_corrupt: _Optional[int] = ..., num_clipped: _Optional[int] = ..., num_not_finite: _Optional[int] = ..., peak: _Optional[float] = ..., ended_early: bool = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...
