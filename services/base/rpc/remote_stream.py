"""A clip's stream from a server: a server that goes away in mid-clip costs nothing, for another decodes it anew."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Generic, Self, TypeVar

import grpc

from services.base.errors import Transient
from services.base.media.clip import Media
from services.base.process.retry import Retryable
from services.base.rpc.client import Pieces, Remote
from services.base.sandbox.child import waiting_for
from services.base.stage.stream import Chunk, Info, Report

InfoT = TypeVar("InfoT", bound=Info)
ChunkT = TypeVar("ChunkT", bound=Chunk)
ReportT = TypeVar("ReportT", bound=Report)


class RemoteStream(ABC, Generic[InfoT, ChunkT, ReportT]):
    """Chunks of one clip from a server (services.base.stage.stream.Stream). What was delivered is skipped when the clip
    is decoded anew.

    A service says how it is called and what its messages mean; they hold a oneof `message` of info, chunk and facts.
    """

    def __init__(self, remote: Remote, media: Media, stage: str) -> None:
        self._remote = remote
        self._media = media
        self._whom = f"{stage} at {remote.target}"
        self._call: Any = None
        self._pieces = Pieces(media)
        self._info: InfoT | None = None
        self._facts: ReportT | None = None
        self._num_delivered = 0
        self._started = False

    @abstractmethod
    def _begin(self, pieces: Iterator[bytes]) -> Any:
        """Calls the server with the clip; its answers."""

    @abstractmethod
    def _info_of(self, message: Any) -> InfoT: ...

    @abstractmethod
    def _chunk_of(self, message: Any, info: InfoT) -> ChunkT: ...

    @abstractmethod
    def _facts_of(self, message: Any) -> ReportT: ...

    @abstractmethod
    def _after(self, chunk: ChunkT, num_delivered: int) -> tuple[ChunkT | None, int]:
        """What of a chunk lies past so many frames or samples, and how many there are up to its end."""

    @property
    def info(self) -> InfoT:
        assert self._info is not None
        return self._info

    @contextmanager
    def opened(self) -> Iterator[Self]:
        """Waits for the info; gives up a call that is still at work in the end. Raises BadInput when the clip cannot be
        opened.
        """
        try:
            with waiting_for(self._whom):
                self._remote.retry_with_timeout(self._read_info)
            yield self
        finally:
            if self._call is not None:
                self._call.cancel()

    def __iter__(self) -> Iterator[ChunkT]:
        """Chunks in order. Raises RuntimeError when asked for twice: a clip is decoded once."""
        if self._started:
            raise RuntimeError("the chunks of this clip were handed out already; open it again to decode it again")
        self._started = True
        while (chunk := self._next_chunk()) is not None:
            yield chunk

    def facts(self) -> ReportT:
        if self._facts is None:
            raise RuntimeError("what the decoder had to say is known once the last chunk was read")
        return self._facts

    def _next_chunk(self) -> ChunkT | None:
        with waiting_for(self._whom):
            return self._remote.retry_with_timeout(self._read_chunk)

    def _read_info(self) -> None:
        self._call = self._begin(iter(self._pieces))
        self._info = self._info_of(self._next().info)

    def _read_chunk(self) -> ChunkT | None:
        """The next chunk that was not delivered yet, None at the end."""
        if self._call is None:
            self._read_info()
        while (message := self._next()).WhichOneof("message") == "chunk":
            fresh, num_until = self._after(self._chunk_of(message.chunk, self.info), self._num_delivered)
            if fresh is not None:
                self._num_delivered = num_until
                return fresh
        self._facts = self._facts_of(message.facts)
        with contextlib.suppress(grpc.RpcError):
            # Lets the call end by itself; dropped here, it would be cancelled.
            next(self._call, None)
        self._call = None
        return None

    def _next(self) -> Any:
        try:
            message: Any = next(self._call, None)
        except grpc.RpcError:
            self._call = None
            self._pieces.check()
            raise
        if message is None:
            self._call = None
            raise Retryable(
                Transient("STREAM_ENDED", f"{self._remote.target}: the answer ended before its last message")
            )
        return message
