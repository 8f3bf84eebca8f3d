from visemill.v1 import common_pb2 as _common_pb2
from visemill.v1 import landmarks_pb2 as _landmarks_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TranscribeStart(_message.Message):
    __slots__ = ("media", "frames", "max_frames", "cropped", "interim_s")
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAMES_FIELD_NUMBER: _ClassVar[int]
    CROPPED_FIELD_NUMBER: _ClassVar[int]
    INTERIM_S_FIELD_NUMBER: _ClassVar[int]
    media: _common_pb2.MediaHeader
    frames: _landmarks_pb2.FramesHeader
    max_frames: int
    cropped: bool
    interim_s: float
    def __init__(self, media: _Optional[_Union[_common_pb2.MediaHeader, _Mapping]] = ..., frames: _Optional[_Union[_landmarks_pb2.FramesHeader, _Mapping]] = ..., max_frames: _Optional[int] = ..., cropped: bool = ..., interim_s: _Optional[float] = ...) -> None: ...

class TranscribeRequest(_message.Message):
    __slots__ = ("start", "data", "chunk")
    START_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    start: TranscribeStart
    data: bytes
    chunk: _common_pb2.FrameChunk
    def __init__(self, start: _Optional[_Union[TranscribeStart, _Mapping]] = ..., data: _Optional[bytes] = ..., chunk: _Optional[_Union[_common_pb2.FrameChunk, _Mapping]] = ...) -> None: ...

class TranscribeResponse(_message.Message):
    __slots__ = ("interim", "transcript")
    INTERIM_FIELD_NUMBER: _ClassVar[int]
    TRANSCRIPT_FIELD_NUMBER: _ClassVar[int]
    interim: InterimText
    transcript: Transcript
    def __init__(self, interim: _Optional[_Union[InterimText, _Mapping]] = ..., transcript: _Optional[_Union[Transcript, _Mapping]] = ...) -> None: ...

class InterimText(_message.Message):
    __slots__ = ("text", "from_s", "until_s")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FROM_S_FIELD_NUMBER: _ClassVar[int]
    UNTIL_S_FIELD_NUMBER: _ClassVar[int]
    text: str
    from_s: float
    until_s: float
    def __init__(self, text: _Optional[str] = ..., from_s: _Optional[float] = ..., until_s: _Optional[float] = ...) -> None: ...

class Transcript(_message.Message):
    __slots__ = ("text", "characters", "log_prob", "num_frames", "fps", "recipe", "model_sha256", "cropped", "score")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CHARACTERS_FIELD_NUMBER: _ClassVar[int]
    LOG_PROB_FIELD_NUMBER: _ClassVar[int]
    NUM_FRAMES_FIELD_NUMBER: _ClassVar[int]
    FPS_FIELD_NUMBER: _ClassVar[int]
    RECIPE_FIELD_NUMBER: _ClassVar[int]
    MODEL_SHA256_FIELD_NUMBER: _ClassVar[int]
    CROPPED_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    text: str
    characters: _containers.RepeatedCompositeFieldContainer[TranscriptCharacter]
    log_prob: float
    num_frames: int
    fps: float
    recipe: str
    model_sha256: str
    cropped: bool
    score: float
    def __init__(self, text: _Optional[str] = ..., characters: _Optional[_Iterable[_Union[TranscriptCharacter, _Mapping]]] = ..., log_prob: _Optional[float] = ..., num_frames: _Optional[int] = ..., fps: _Optional[float] = ..., recipe: _Optional[str] = ..., model_sha256: _Optional[str] = ..., cropped: bool = ..., score: _Optional[float] = ...) -> None: ...

class TranscriptCharacter(_message.Message):
    __slots__ = ("character", "time_s", "probability")
    CHARACTER_FIELD_NUMBER: _ClassVar[int]
    TIME_S_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    character: str
    time_s: float
    probability: float
    def __init__(self, character: _Optional[str] = ..., time_s: _Optional[float] = ..., probability: _Optional[float] = ...) -> None: ...
