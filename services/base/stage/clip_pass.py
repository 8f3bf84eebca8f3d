"""A pass: one clip carried through its stages in one process, its frames decoded once and shown to every stage."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, runtime_checkable

from services.base.errors import BadConfig
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.stage.spec import ClipConsumer, ClipJob, Consumer, StageSpec
from services.base.stage.stream import FrameStream, Source


@dataclass(frozen=True)
class InfoPart:
    info: VideoInfo


@dataclass(frozen=True)
class ChunkPart:
    chunk: FrameChunk


@dataclass(frozen=True)
class FactsPart:
    facts: DecodeFacts


@dataclass(frozen=True)
class ArtifactPart:
    """name: one of those that the stage writes (StageSpec.writes)."""

    name: str
    value: Any


@dataclass(frozen=True)
class DonePart:
    """seconds: CPU seconds of this process by stage name."""

    seconds: Mapping[str, float] = field(default_factory=dict)


Part = InfoPart | ChunkPart | FactsPart | ArtifactPart | DonePart

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Pause:
    """No part: another clip may compute now. answer: what the clip waits for, of whom; None: it could go on.

    media_s: how much of the clip has been decoded by now, as `Progress` tells.
    """

    whom: str = ""
    answer: Future[Any] | None = None
    media_s: float = 0.0

    @property
    def is_over(self) -> bool:
        return self.answer is None or self.answer.done()


@runtime_checkable
class Awaiting(Protocol):
    """A ClipConsumer whose `finish` would wait for answers that are on their way."""

    def awaited(self) -> Iterator[Pause]:
        """Those answers; afterwards `finish` does not wait. Raises what `finish` raises."""
        ...


@dataclass(frozen=True)
class BoundStage:
    """An opened stage: a source when its spec writes frames, else a consumer; in-process or remote, nobody can tell."""

    spec: StageSpec
    call: Source | Consumer

    @property
    def is_source(self) -> bool:
        return self.spec.source_of is not None


class Progress:
    """How much of a clip there is, told from its frames and from no header. One frame proves a second at most."""

    def __init__(self) -> None:
        self._first_s: float | None = None
        self._last_s = 0.0
        self._num_frames = 0

    def add(self, chunk: FrameChunk) -> float:
        """Seconds of media so far."""
        if not len(chunk):
            return 0.0
        if self._first_s is None:
            self._first_s = float(chunk.pts_s[0])
        self._last_s = max(self._last_s, float(chunk.pts_s[-1]))
        self._num_frames += len(chunk)
        return min(max(0.0, self._last_s - self._first_s), float(self._num_frames))


class _Clock:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def add(self, stage: str, since_s: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.process_time() - since_s


class ClipPass:
    """The stages of a pass, opened once, carrying one clip at a time."""

    def __init__(self, stages: Sequence[BoundStage]) -> None:
        sources = [s for s in stages if s.is_source]
        if len(sources) > 1:
            raise BadConfig("TWO_SOURCES", f"a pass decodes once: give one of {[s.spec.name for s in sources]}")
        self._source = sources[0] if sources else None
        self._consumers = [s for s in stages if not s.is_source]

    @property
    def waits_at_end(self) -> bool:
        """Whether its clips wait for others at their end, so that the next one could be begun meanwhile."""
        return any(getattr(s.call, "waits_at_end", False) for s in self._consumers)

    def run(
        self,
        job: ClipJob,
        given: Mapping[str, Any],
        *,
        want_frames: bool = False,
        frames: Iterator[FrameChunk] | None = None,
        info: VideoInfo | None = None,
    ) -> Generator[Part | Pause, None, None]:
        """Parts in order: info, chunks (want_frames only), facts, artifacts, done. Between them pauses: after each
        chunk of frames, and before an artifact that is waited for. Whoever goes on at once waits for it here.

        given: artifacts by name that are known already; their stages do not run.
        frames, info: frames from the caller in place of a source. Raises what the stages raise.
        """
        todo = [s for s in self._consumers if not given.keys() >= {*s.spec.writes}]
        if frames is not None:
            yield from self._carry(job, given, todo, _Pushed(info, frames), want_frames)
        elif self._source is not None:
            yield from self._decode(job, given, todo, want_frames)
        else:
            raise BadConfig("NO_SOURCE", "the pass has no stage that makes frames: put decode first, or send frames")

    def _decode(
        self, job: ClipJob, given: Mapping[str, Any], todo: list[BoundStage], want_frames: bool
    ) -> Generator[Part | Pause, None, None]:
        source: Any = self._source.call if self._source else None
        since_s = time.process_time()
        with source(job.media, job.max_frames) as stream:
            yield from self._carry(job, given, todo, stream, want_frames, since_s)

    def _carry(
        self,
        job: ClipJob,
        given: Mapping[str, Any],
        todo: list[BoundStage],
        stream: FrameStream | _Pushed,
        want_frames: bool,
        since_s: float | None = None,
    ) -> Generator[Part | Pause, None, None]:
        clock = _Clock()
        source_name = self._source.spec.name if self._source else "frames"
        if since_s is not None:
            clock.add(source_name, since_s)
        known: dict[str, Any] = {**given, "info": stream.info, "facts": None}
        if stream.info is not None:
            yield InfoPart(stream.info)
        working = [(s, _begin(s, job, stream.info, clock)) for s in todo]
        if want_frames or not todo or any(consumer.wants_frames for _, consumer in working):
            progress = Progress()
            for chunk in _timed(stream, source_name, clock):
                _push(chunk, working, clock)
                media_s = progress.add(chunk)
                yield ChunkPart(chunk) if want_frames else Pause(media_s=media_s)
                # Whoever waits after the last one holds no frames.
                del chunk
            known["facts"] = stream.facts()
            if known["facts"] is not None:
                yield FactsPart(known["facts"])
        while working:
            yield from _finish(*working.pop(0), known, clock)
        yield DonePart(clock.seconds)


class _Pushed:
    """Frames that the caller has already."""

    def __init__(self, info: VideoInfo | None, frames: Iterator[FrameChunk]) -> None:
        self.info = info
        self._frames = frames

    def __iter__(self) -> Iterator[FrameChunk]:
        return self._frames

    def facts(self) -> None:
        return None


def _begin(stage: BoundStage, job: ClipJob, info: VideoInfo | None, clock: _Clock) -> ClipConsumer:
    call: Any = stage.call
    since_s = time.process_time()
    consumer: ClipConsumer = call(job, info)
    clock.add(stage.spec.name, since_s)
    return consumer


def _push(chunk: FrameChunk, working: Sequence[tuple[BoundStage, ClipConsumer]], clock: _Clock) -> None:
    for stage, consumer in working:
        if consumer.wants_frames:
            since_s = time.process_time()
            consumer.push(chunk)
            clock.add(stage.spec.name, since_s)


def _finish(
    stage: BoundStage, consumer: ClipConsumer, known: dict[str, Any], clock: _Clock
) -> Iterator[ArtifactPart | Pause]:
    """Here alone is the consumer still known: what it has borrowed for its clip is back before the next stage waits."""
    if isinstance(consumer, Awaiting):
        yield from _timed(consumer.awaited(), stage.spec.name, clock)
    since_s = time.process_time()
    made = consumer.finish(known)
    clock.add(stage.spec.name, since_s)
    for name in stage.spec.writes:
        known[name] = made if len(stage.spec.writes) == 1 else made[name]
        yield ArtifactPart(name, known[name])


def _timed(items: Iterable[_Item], name: str, clock: _Clock) -> Iterator[_Item]:
    them = iter(items)
    while True:
        since_s = time.process_time()
        item = next(them, None)
        clock.add(name, since_s)
        if item is None:
            return
        yield item
