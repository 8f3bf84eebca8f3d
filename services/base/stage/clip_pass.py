"""A pass: one clip through its stages in one process, its streams decoded once and shown to every stage."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar, runtime_checkable

from services.base.errors import BadConfig, BadInput
from services.base.media.audio import AudioChunk
from services.base.media.progress import Progress
from services.base.stage.existing import EXISTING, Existing
from services.base.stage.product import FilePart, PiecePart, Product, ProductFile, ProductPart, file_parts
from services.base.stage.spec import ClipConsumer, ClipJob, Consumer, StageSpec
from services.base.stage.stream import (
    FRAMES,
    NO_STREAMS,
    STREAMS,
    Chunk,
    Info,
    Report,
    Source,
    Stream,
    kind_of_stream,
)


@dataclass(frozen=True)
class InfoPart:
    info: Info


@dataclass(frozen=True)
class ChunkPart:
    chunk: Chunk


@dataclass(frozen=True)
class FactsPart:
    facts: Report


@dataclass(frozen=True)
class ArtifactPart:
    """name: one of those that the stage writes (StageSpec.writes). value: a Product without files when they went by."""

    name: str
    value: Any


@dataclass(frozen=True)
class DonePart:
    """seconds: CPU seconds of this process by stage name."""

    seconds: Mapping[str, float] = field(default_factory=dict)


Part = InfoPart | ChunkPart | FactsPart | ArtifactPart | ProductPart | FilePart | PiecePart | DonePart

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Pause:
    """No part: another clip may compute now. answer: what the clip waits for, of whom; None: it could go on.

    media_s: how much of the clip has been decoded by now, as `Progress` tells. frames: (by now, in all as the clip's
    header claims; 0: it does not).
    """

    whom: str = ""
    answer: Future[Any] | None = None
    media_s: float = 0.0
    frames: tuple[int, int] = (0, 0)

    @property
    def is_over(self) -> bool:
        return self.answer is None or self.answer.done()


@runtime_checkable
class Awaiting(Protocol):
    """A ClipConsumer whose `finish` would wait for answers that are on their way."""

    def awaited(self) -> Iterator[Pause]:
        """Those answers; afterwards `finish` does not wait. Raises what `finish` raises."""
        ...


@runtime_checkable
class FinishingInSteps(Protocol):
    """A ClipConsumer whose `finish` would compute for long, and nobody would hear how far it is."""

    def steps(self, given: Mapping[str, Any]) -> Iterator[Pause]:
        """Computes what `finish` of the same gives. Raises what `finish` raises."""
        ...


@runtime_checkable
class MakingFiles(Protocol):
    """A ClipConsumer whose product has files before its clip has ended, so that it need not keep them until then."""

    def files_so_far(self) -> Iterator[ProductFile]:
        """Those that are whole and were not given out yet; asked for after each push. `finish` gives the others."""
        ...


@dataclass(frozen=True)
class BoundStage:
    """An opened stage: a source when its spec writes a stream, else a consumer; in-process or remote, nobody can
    tell.
    """

    spec: StageSpec
    call: Source[Any, Any, Any] | Consumer


class _Clock:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def add(self, stage: str, since_s: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.process_time() - since_s


class ClipPass:
    """The stages of a pass, opened once, processing one clip at a time."""

    def __init__(self, stages: Sequence[BoundStage]) -> None:
        self._sources: dict[str, BoundStage] = {}
        for stage in stages:
            kind = stage.spec.source_of
            if kind is None:
                continue
            if kind in self._sources:
                names = [self._sources[kind].spec.name, stage.spec.name]
                raise BadConfig("TWO_SOURCES", f"a pass decodes {kind} once: give one of {names}")
            self._sources[kind] = stage
        self._consumers = [stage for stage in stages if stage.spec.source_of is None]
        self._reasons = {old: new for stage in self._consumers for old, new in stage.spec.media_reasons.items()}

    @property
    def waits_at_end(self) -> bool:
        """Whether its clips wait for others at their end, so that the next one could be begun meanwhile."""
        return any(getattr(s.call, "waits_at_end", False) for s in self._consumers)

    def run(
        self,
        job: ClipJob,
        given: Mapping[str, Any],
        *,
        want: Collection[str] = NO_STREAMS,
        pushed: Iterator[Chunk] | None = None,
        info: Info | None = None,
    ) -> Generator[Part | Pause, None, None]:
        """Parts in order: infos, chunks (of the kinds in want only), facts, artifacts, done. Between them pauses: after
        each other chunk, and before an artifact that is waited for. Whoever goes on at once waits for it here.

        Where a stage looks at files that are there and takes them, their artifacts come first, and what they make
        needless is neither opened nor run.

        A product's files come before its ArtifactPart, some of them already among the chunks: ProductPart, and for each
        file FilePart and PieceParts.

        given: artifacts by name that are known already; their stages do not run.
        pushed, info: chunks from the caller in place of all sources, of the info's kind, frames without one. Raises
        what the stages raise.
        """
        clock, known = _Clock(), dict(given)
        if pushed is None:
            yield from self._look(job, known, clock)
        todo = [s for s in self._consumers if not known.keys() >= {*s.spec.writes}]
        has_taken = isinstance(known.get(EXISTING), Existing) and known[EXISTING].is_taken
        with contextlib.ExitStack() as opened:
            streams: dict[str, _Named]
            if pushed is not None:
                kind = FRAMES if info is None else kind_of_stream(info)
                streams = {kind: _Named("frames" if kind == FRAMES else kind, _Pushed(info, pushed))}
            elif has_taken and not any(stage.spec.streams for stage in todo):
                streams = {}
            else:
                streams = {kind: self._opened(stage, job, opened, clock) for kind, stage in self._sources.items()}
            yield from self._execute(job, known, todo, streams, frozenset(want), clock)

    def _look(self, job: ClipJob, known: dict[str, Any], clock: _Clock) -> Iterator[Part | Pause]:
        """Asks the stages that look at what is there, after those of no stream whose artifacts they read."""
        made = _ProductOfClip(clock)
        for looking in self._consumers:
            if looking.spec.looks_at is None or EXISTING in known:
                continue
            for stage in self._consumers:
                if {*looking.spec.reads} & {*stage.spec.writes} and not known.keys() >= {*stage.spec.writes}:
                    yield from _finish(stage, _begin(stage, job, {}, clock), known, made, clock)
            since_s = time.process_time()
            found = _begin(looking, job, {}, clock).finish(known)
            clock.add(looking.spec.name, since_s)
            for name, value in found.items():
                known[name] = value
                is_facts = any(name == about.facts_name for about in STREAMS.values())
                yield FactsPart(value) if is_facts else ArtifactPart(name, value)

    def _opened(self, stage: BoundStage, job: ClipJob, opened: contextlib.ExitStack, clock: _Clock) -> _Named:
        source: Any = stage.call
        since_s = time.process_time()
        with _renaming(self._reasons):
            stream = opened.enter_context(source(job.media, job.max_frames))
        clock.add(stage.spec.name, since_s)
        return _Named(stage.spec.name, stream, self._reasons)

    def _execute(
        self,
        job: ClipJob,
        given: Mapping[str, Any],
        todo: list[BoundStage],
        streams: Mapping[str, _Named],
        want: frozenset[str],
        clock: _Clock,
    ) -> Generator[Part | Pause, None, None]:
        known: dict[str, Any] = dict(given)
        facts_before = {name: known.get(name) for name in (about.facts_name for about in STREAMS.values())}
        infos: dict[str, Info | None] = {}
        for kind, about in STREAMS.items():
            infos[kind] = streams[kind].stream.info if kind in streams else None
            known |= {about.info_name: infos[kind], about.facts_name: facts_before[about.facts_name]}
        for kind in streams:
            if (info := infos[kind]) is not None:
                yield InfoPart(info)
        working = [(s, _begin(s, job, infos, clock)) for s in todo]
        wanted = want.union(*(consumer.wants for _, consumer in working))
        if missing := wanted - streams.keys():
            kinds = " and ".join(sorted(missing))
            raise BadConfig(
                "NO_SOURCE", f"the pass has no stage that makes {kinds}: put its source first, or send {kinds}"
            )
        # A pass of sources alone, or one whose artifacts are all known, is run for its facts.
        read = {kind: streams[kind] for kind in streams if kind in wanted or not todo}
        progress = Progress()
        claimed_s = float(getattr(infos[FRAMES], "duration_s", 0.0))
        made = _ProductOfClip(clock)
        for kind, chunk in _in_time(read, clock):
            yield from _push(kind, chunk, working, made, clock)
            media_s = progress.add(chunk)
            yield ChunkPart(chunk) if kind in want else Pause(media_s=media_s, frames=progress.frames(claimed_s))
            # Whoever waits after the last one holds no chunk.
            del chunk
        for kind, named in read.items():
            facts = known[STREAMS[kind].facts_name] = named.stream.facts()
            if facts is not None:
                yield FactsPart(facts)
        while working:
            yield from _finish(*working.pop(0), known, made, clock)
        yield DonePart(clock.seconds)


class _Pushed:
    """Chunks that the caller has already."""

    def __init__(self, info: Info | None, chunks: Iterator[Chunk]) -> None:
        self.info = info
        self._chunks = chunks

    def __iter__(self) -> Iterator[Chunk]:
        return self._chunks

    def facts(self) -> None:
        return None


@dataclass(frozen=True)
class _Named:
    """A stream, and the name of the stage that decodes it. reasons: as `StageSpec.media_reasons`."""

    name: str
    stream: Stream[Any, Any, Any] | _Pushed
    reasons: Mapping[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Chunk]:
        with _renaming(self.reasons):
            yield from self.stream


@contextlib.contextmanager
def _renaming(reasons: Mapping[str, str]) -> Iterator[None]:
    try:
        yield
    except BadInput as error:
        if error.reason not in reasons:
            raise
        raise BadInput(reasons[error.reason], error.message, error.detail) from error


def _in_time(streams: Mapping[str, _Named], clock: _Clock) -> Iterator[tuple[str, Chunk]]:
    """The chunks of every stream, of two the one that is behind in time; one chunk is held at a time."""
    left = {kind: _timed(named, named.name, clock) for kind, named in streams.items()}
    until_s = dict.fromkeys(streams, -math.inf)
    while left:
        kind = min(left, key=until_s.__getitem__)
        chunk = next(left[kind], None)
        if chunk is None:
            del left[kind]
            continue
        if len(chunk):
            until_s[kind] = chunk.end_s if isinstance(chunk, AudioChunk) else float(chunk.pts_s[-1])
        yield kind, chunk
        del chunk


def _begin(stage: BoundStage, job: ClipJob, infos: Mapping[str, Info | None], clock: _Clock) -> ClipConsumer:
    call: Any = stage.call
    kind = next((kind for kind in STREAMS if kind in stage.spec.streams), None)
    since_s = time.process_time()
    consumer: ClipConsumer = call(job, None if kind is None else infos[kind])
    clock.add(stage.spec.name, since_s)
    return consumer


class _ProductOfClip:
    """The one product of a clip on its way: which stage's it is."""

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock
        self._stage: BoundStage | None = None

    def begin(self, stage: BoundStage, name: str) -> Iterator[ProductPart]:
        if self._stage is None:
            self._stage = stage
            yield ProductPart(name)
        elif self._stage is not stage:
            names = [self._stage.spec.name, stage.spec.name]
            raise BadConfig("TWO_PRODUCTS", f"a pass makes one product of a clip: end it with one of {names}")

    def files(
        self, stage: BoundStage, name: str, files: Iterable[ProductFile]
    ) -> Iterator[ProductPart | FilePart | PiecePart]:
        """The parts of some of its files, the beginning of the product before the first."""
        for part in _timed(file_parts(files), stage.spec.name, self._clock):
            yield from self.begin(stage, name)
            yield part


def _push(
    kind: str, chunk: Chunk, working: Sequence[tuple[BoundStage, ClipConsumer]], made: _ProductOfClip, clock: _Clock
) -> Iterator[Part]:
    for stage, consumer in working:
        if kind in consumer.wants:
            since_s = time.process_time()
            consumer.push(chunk)
            clock.add(stage.spec.name, since_s)
            if isinstance(consumer, MakingFiles):
                yield from made.files(stage, stage.spec.writes[-1], consumer.files_so_far())


def _finish(
    stage: BoundStage, consumer: ClipConsumer, known: dict[str, Any], made: _ProductOfClip, clock: _Clock
) -> Iterator[Part | Pause]:
    """Here alone is the consumer still known: what it has borrowed for its clip is back before the next stage waits."""
    if isinstance(consumer, Awaiting):
        yield from _timed(consumer.awaited(), stage.spec.name, clock)
    if isinstance(consumer, FinishingInSteps):
        yield from _timed(consumer.steps(known), stage.spec.name, clock)
    since_s = time.process_time()
    found = consumer.finish(known)
    clock.add(stage.spec.name, since_s)
    for name in stage.spec.writes:
        value = found if len(stage.spec.writes) == 1 else found[name]
        if isinstance(value, Product):
            yield from made.begin(stage, name)
            yield from made.files(stage, name, value.files)
            value = replace(value, files=())
        known[name] = value
        yield ArtifactPart(name, value)


def _timed(items: Iterable[_Item], name: str, clock: _Clock) -> Iterator[_Item]:
    them = iter(items)
    while True:
        since_s = time.process_time()
        item = next(them, None)
        clock.add(name, since_s)
        if item is None:
            return
        yield item
