"""A pass: one clip carried through its stages in one process, its frames decoded once and shown to every stage."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.base.contract import ClipConsumer, ClipJob, Consumer, FrameStream, Source, StageSpec
from services.base.errors import BadConfig
from services.base.media import DecodeFacts, FrameChunk, VideoInfo


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
    """name: what the stage writes (StageSpec.writes)."""

    name: str
    value: Any


@dataclass(frozen=True)
class DonePart:
    """seconds: CPU seconds of this process by stage name."""

    seconds: Mapping[str, float] = field(default_factory=dict)


Part = InfoPart | ChunkPart | FactsPart | ArtifactPart | DonePart


@dataclass(frozen=True)
class BoundStage:
    """An opened stage: a source when its spec writes frames, else a consumer; in-process or remote, nobody can tell."""

    spec: StageSpec
    call: Source | Consumer

    @property
    def is_source(self) -> bool:
        return self.spec.writes == "frames"


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

    def run(
        self,
        job: ClipJob,
        given: Mapping[str, Any],
        *,
        want_frames: bool = False,
        frames: Iterator[FrameChunk] | None = None,
        info: VideoInfo | None = None,
    ) -> Iterator[Part]:
        """Parts in order: info, chunks (want_frames only), facts, artifacts, done.

        given: artifacts by name that are known already; their stages do not run.
        frames, info: frames from the caller in place of a source. Raises what the stages raise.
        """
        todo = [s for s in self._consumers if s.spec.writes not in given]
        if frames is not None:
            yield from self._carry(job, given, todo, _Pushed(info, frames), want_frames)
        elif self._source is not None:
            yield from self._decode(job, given, todo, want_frames)
        else:
            raise BadConfig("NO_SOURCE", "the pass has no stage that makes frames: put decode first, or send frames")

    def _decode(
        self, job: ClipJob, given: Mapping[str, Any], todo: list[BoundStage], want_frames: bool
    ) -> Iterator[Part]:
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
    ) -> Iterator[Part]:
        clock = _Clock()
        source_name = self._source.spec.name if self._source else "frames"
        if since_s is not None:
            clock.add(source_name, since_s)
        known: dict[str, Any] = dict(given)
        known["info"] = stream.info
        if stream.info is not None:
            yield InfoPart(stream.info)
        working = [(s, _begin(s, job, stream.info, clock)) for s in todo]
        pushing = [(s, c) for s, c in working if c.wants_frames]
        if pushing or want_frames or not todo:
            for chunk in _timed(stream, source_name, clock):
                for stage, consumer in pushing:
                    since_s = time.process_time()
                    consumer.push(chunk)
                    clock.add(stage.spec.name, since_s)
                if want_frames:
                    yield ChunkPart(chunk)
            known["facts"] = stream.facts()
            if known["facts"] is not None:
                yield FactsPart(known["facts"])
        else:
            known["facts"] = None
        for stage, consumer in working:
            since_s = time.process_time()
            known[stage.spec.writes] = consumer.finish(known)
            clock.add(stage.spec.name, since_s)
            yield ArtifactPart(stage.spec.writes, known[stage.spec.writes])
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


def _timed(stream: FrameStream | _Pushed, name: str, clock: _Clock) -> Iterator[FrameChunk]:
    chunks = iter(stream)
    while True:
        since_s = time.process_time()
        chunk = next(chunks, None)
        clock.add(name, since_s)
        if chunk is None:
            return
        yield chunk
