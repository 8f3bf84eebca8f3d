"""Streams of one clip, by kind: frames and waveforms travel the same way, from the source that opens them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeVar

from services.base.media.audio import AudioChunk, AudioFacts, AudioInfo
from services.base.media.clip import Media
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo

FRAMES = "frames"
WAVEFORM = "waveform"

Info = VideoInfo | AudioInfo
Chunk = FrameChunk | AudioChunk
Report = DecodeFacts | AudioFacts

InfoT_co = TypeVar("InfoT_co", bound=Info, covariant=True)
ChunkT_co = TypeVar("ChunkT_co", bound=Chunk, covariant=True)
ReportT_co = TypeVar("ReportT_co", bound=Report, covariant=True)


class StreamKind(NamedTuple):
    """What a kind of stream is made of. info_name, facts_name: under which consumers are given its info and facts."""

    info: type
    chunk: type
    facts: type
    info_name: str
    facts_name: str


# Every kind of stream there is, by the name that stages read and write it under.
STREAMS: Mapping[str, StreamKind] = {
    FRAMES: StreamKind(VideoInfo, FrameChunk, DecodeFacts, "info", "facts"),
    WAVEFORM: StreamKind(AudioInfo, AudioChunk, AudioFacts, "audio_info", "audio_facts"),
}
ONLY_FRAMES = frozenset({FRAMES})
NO_STREAMS: frozenset[str] = frozenset()


def kind_of_stream(value: Any) -> str:
    """The kind that an info, a chunk or facts belong to. Raises KeyError for anything else."""
    for name, kind in STREAMS.items():
        if isinstance(value, (kind.info, kind.chunk, kind.facts)):
            return name
    raise KeyError(f"{type(value).__name__} is of no stream; there are {', '.join(STREAMS)}")


class Stream(Protocol[InfoT_co, ChunkT_co, ReportT_co]):
    """One stream of one clip, in order, each frame or sample decoded exactly once."""

    @property
    def info(self) -> InfoT_co: ...

    def __iter__(self) -> Iterator[ChunkT_co]:
        """Bounded chunks. Raises BadInput if nothing can be decoded or a cap is exceeded."""
        ...

    def facts(self) -> ReportT_co:
        """Complete once the iteration has ended."""
        ...


FrameStream = Stream[VideoInfo, FrameChunk, DecodeFacts]
AudioStream = Stream[AudioInfo, AudioChunk, AudioFacts]


class Source(Protocol[InfoT_co, ChunkT_co, ReportT_co]):
    """What a source stage's `StageSpec.opens(config)` returns. Raises BadInput when the media cannot be opened.

    max_frames: where a source of frames stops for this clip, 0 at the end; None: where the config says.
    """

    def __call__(
        self, media: Media, max_frames: int | None = None
    ) -> AbstractContextManager[Stream[InfoT_co, ChunkT_co, ReportT_co]]: ...


FrameSource = Source[VideoInfo, FrameChunk, DecodeFacts]
AudioSource = Source[AudioInfo, AudioChunk, AudioFacts]
