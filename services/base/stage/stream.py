"""Frames of one clip as a stream, and the source that opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from services.base.media.clip import Media
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo


class FrameStream(Protocol):
    """Frames of one clip, in order, each decoded exactly once."""

    @property
    def info(self) -> VideoInfo: ...

    def __iter__(self) -> Iterator[FrameChunk]:
        """Bounded chunks. Raises BadInput if nothing can be decoded or a cap is exceeded."""
        ...

    def facts(self) -> DecodeFacts:
        """Complete once the iteration has ended."""
        ...


class Source(Protocol):
    """What a source stage's `open_stage(config)` returns. Raises BadInput when the media cannot be opened.

    max_frames: where to stop for this clip, 0 at the end; None: where the config says.
    """

    def __call__(self, media: Media, max_frames: int | None = None) -> AbstractContextManager[FrameStream]: ...
