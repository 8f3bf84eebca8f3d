from visemill.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SpeechExtractStart(_message.Message):
    __slots__ = ("media", "filterbank", "text", "language", "sources")
    class SourcesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    FILTERBANK_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    media: _common_pb2.MediaHeader
    filterbank: FilterbankSize
    text: str
    language: str
    sources: _containers.ScalarMap[str, str]
    def __init__(self, media: _Optional[_Union[_common_pb2.MediaHeader, _Mapping]] = ..., filterbank: _Optional[_Union[FilterbankSize, _Mapping]] = ..., text: _Optional[str] = ..., language: _Optional[str] = ..., sources: _Optional[_Mapping[str, str]] = ...) -> None: ...

class FilterbankSize(_message.Message):
    __slots__ = ("num_frames",)
    NUM_FRAMES_FIELD_NUMBER: _ClassVar[int]
    num_frames: int
    def __init__(self, num_frames: _Optional[int] = ...) -> None: ...

class SpeechFeatureServiceExtractRequest(_message.Message):
    __slots__ = ("start", "data")
    START_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    start: SpeechExtractStart
    data: bytes
    def __init__(self, start: _Optional[_Union[SpeechExtractStart, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class SpeechFeatureServiceExtractResponse(_message.Message):
    __slots__ = ("text_ids", "features", "sound")
    TEXT_IDS_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    SOUND_FIELD_NUMBER: _ClassVar[int]
    text_ids: TextIds
    features: SpeechFeatures
    sound: SoundFacts
    def __init__(self, text_ids: _Optional[_Union[TextIds, _Mapping]] = ..., features: _Optional[_Union[SpeechFeatures, _Mapping]] = ..., sound: _Optional[_Union[SoundFacts, _Mapping]] = ...) -> None: ...

class TextIds(_message.Message):
    __slots__ = ("ids", "text", "language", "num_unknown", "unknown", "not_normalised")
    IDS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    NUM_UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    NOT_NORMALISED_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[int]
    text: str
    language: str
    num_unknown: int
    unknown: str
    not_normalised: bool
    def __init__(self, ids: _Optional[_Iterable[int]] = ..., text: _Optional[str] = ..., language: _Optional[str] = ..., num_unknown: _Optional[int] = ..., unknown: _Optional[str] = ..., not_normalised: bool = ...) -> None: ...

class SpeechFeatures(_message.Message):
    __slots__ = ("codes", "num_dims", "condition", "emo_vec", "sources", "num_splits")
    class SourcesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CODES_FIELD_NUMBER: _ClassVar[int]
    NUM_DIMS_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    EMO_VEC_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    NUM_SPLITS_FIELD_NUMBER: _ClassVar[int]
    codes: _containers.RepeatedScalarFieldContainer[int]
    num_dims: int
    condition: bytes
    emo_vec: bytes
    sources: _containers.ScalarMap[str, str]
    num_splits: int
    def __init__(self, codes: _Optional[_Iterable[int]] = ..., num_dims: _Optional[int] = ..., condition: _Optional[bytes] = ..., emo_vec: _Optional[bytes] = ..., sources: _Optional[_Mapping[str, str]] = ..., num_splits: _Optional[int] = ...) -> None: ...

class SoundFacts(_message.Message):
    __slots__ = ("duration_s", "source_rate_hz", "source_channels", "codec", "peak", "clipped_share", "silent_share", "num_gaps", "num_corrupt", "ended_early", "warnings")
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    SOURCE_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    SOURCE_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    CODEC_FIELD_NUMBER: _ClassVar[int]
    PEAK_FIELD_NUMBER: _ClassVar[int]
    CLIPPED_SHARE_FIELD_NUMBER: _ClassVar[int]
    SILENT_SHARE_FIELD_NUMBER: _ClassVar[int]
    NUM_GAPS_FIELD_NUMBER: _ClassVar[int]
    NUM_CORRUPT_FIELD_NUMBER: _ClassVar[int]
    ENDED_EARLY_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    duration_s: float
    source_rate_hz: int
    source_channels: int
    codec: str
    peak: float
    clipped_share: float
    silent_share: float
    num_gaps: int
    num_corrupt: int
    ended_early: bool
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, duration_s: _Optional[float] = ..., source_rate_hz: _Optional[int] = ..., source_channels: _Optional[int] = ..., codec: _Optional[str] = ..., peak: _Optional[float] = ..., clipped_share: _Optional[float] = ..., silent_share: _Optional[float] = ..., num_gaps: _Optional[int] = ..., num_corrupt: _Optional[int] = ..., ended_early: bool = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...
