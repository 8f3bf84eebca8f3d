"""How the clips of a shard go through a pass with a stage that computes several of them together.

Three parts: the stages before it, a window ahead, each clip in one of several children; its batches, in a child of
their own; the stages after it, clip by clip in the shard's order. While the batches of a window are computed, the next
one is decoded.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, TypeVar

from services.base.errors import BadConfig, BadShard, Transient, VisemillError
from services.base.media.clip import Clip, Media
from services.base.process import log
from services.base.sandbox.supervisor import ArtifactPart, DonePart, PassChild, Stages
from services.base.stage.config import config_from_mapping
from services.base.stage.spec import ClipJob, StageSpec
from services.base.stage.window import ClipSize, Together, Window, values_of
from services.base.worker.artifact_cache import KnownOfClip
from services.base.worker.carrying import CarriedClip, Carrying
from services.base.worker.prefetch import ClipsAhead

Result = TypeVar("Result")


@dataclass(frozen=True)
class SplitPass:
    """A pass of which one stage computes several clips together. before, own, after: stages with their configs."""

    before: Stages
    own: Stages
    after: Stages
    spec: StageSpec
    window: Window


def split_of(stages: Stages, specs: Mapping[str, StageSpec], remote: Mapping[str, str]) -> SplitPass | None:
    """The parts of a pass; None where each of its clips goes through all of it alone.

    Raises BadConfig for a pass that cannot be split.
    """
    windows = {
        name: window
        for name, config in stages
        if name not in remote
        and (window := specs[name].window(config_from_mapping(specs[name].config, config))) is not None
    }
    if not windows:
        return None
    if len(windows) > 1:
        raise BadConfig("TWO_WINDOWS", f"{' and '.join(windows)} compute several clips together: a pass may have one")
    ((name, window),) = windows.items()
    place = [stage for stage, _ in stages].index(name)
    parts = list(stages[:place]), list(stages[place : place + 1]), list(stages[place + 1 :])
    streaming = [stage for stage, _ in (*parts[1], *parts[2]) if specs[stage].streams or specs[stage].source_of]
    if streaming or not parts[2]:
        raise BadConfig(
            "WINDOW_OF_STREAMS",
            f"{name} computes several clips together, so it and the stages after it, of which there must be one, read "
            f"artifacts alone: put {' and '.join(streaming) or 'a stage that writes'} "
            f"{'before it' if streaming else 'after it'}",
        )
    if specs[name].cached:
        raise BadConfig("WINDOW_CACHED", f"{name} computes several clips together, and what it makes cannot be kept")
    return SplitPass(*parts, specs[name], window)


class ChildInThread:
    """A child, and the one thread that waits for it while others go on.

    One thread for as long as the child may live: the kernel ends a child with the thread that has started it.
    """

    def __init__(self, child: PassChild, name: str) -> None:
        self.child = child
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._calls: deque[Future[Any]] = deque()

    @property
    def num_waiting(self) -> int:
        """Calls that are not over."""
        while self._calls and self._calls[0].done():
            self._calls.popleft()
        return len(self._calls)

    def start(self) -> None:
        """Raises what opening the stages raises."""
        self.submit(self.child.start).result()

    def submit(self, call: Callable[[], Result]) -> Future[Result]:
        """The call's result to come; calls are made in turn, with what the caller's log lines are bound to."""
        answer = self._thread.submit(contextvars.copy_context().run, call)
        self._calls.append(answer)
        return answer

    def close(self) -> None:
        """Ends the child, after the calls that were made."""
        self.submit(self.child.close).result()
        self._thread.shutdown()


class Decoders:
    """Children that each take a clip at a time through the stages before; the first one through those after, too."""

    def __init__(self, children: Sequence[ChildInThread]) -> None:
        if not children:
            raise ValueError("there must be a child that decodes")
        self._children = children

    @property
    def most_ahead(self) -> int:
        """Clips that may be on their way at once: each child has its next one when it has done with one."""
        return 2 * len(self._children)

    def start(self) -> None:
        """Raises what opening the stages raises."""
        for started in [decoder.submit(decoder.child.start) for decoder in self._children]:
            started.result()

    def submit(self, call: Callable[[PassChild], Result]) -> Future[Result]:
        """Its result to come, in the child that has the least to do."""
        decoder = min(self._children, key=lambda decoder: decoder.num_waiting)
        return decoder.submit(functools.partial(call, decoder.child))

    def in_turn(self, call: Callable[[PassChild], Result]) -> Result:
        """Its result, in the first child: calls of this kind follow one another."""
        return self._children[0].submit(functools.partial(call, self._children[0].child)).result()

    def close(self) -> None:
        for decoder in self._children:
            decoder.close()


@dataclass
class _Pending:
    """A clip on its way. job: with its media's digest and without its bytes. size: None where it has failed, or where
    what would be computed is there already.
    """

    clip: CarriedClip
    job: ClipJob | None = None
    known: KnownOfClip = field(default_factory=KnownOfClip)
    size: ClipSize | None = None


class WindowByWindow:
    """Clips through a pass in windows (carrying.Carrier)."""

    def __init__(self, carrying: Carrying, decoders: Decoders, network: ChildInThread, split: SplitPass) -> None:
        self._carrying = carrying
        self._decoders = decoders
        self._network = network
        self._split = split

    def carried(self, ahead: ClipsAhead) -> Generator[CarriedClip, None, None]:
        computing: tuple[list[_Pending], Future[None]] | None = None
        windows = self._windows(ahead)
        try:
            for window in windows:
                started = self._network.submit(self._computed(window))
                if computing is not None:
                    yield from self._finished(*computing)
                computing = window, started
            if computing is not None:
                yield from self._finished(*computing)
                computing = None
        finally:
            windows.close()
            if computing is not None:
                # Nobody wants its answers, and the next shard must not find its child at work.
                computing[1].cancel()
                self._network.submit(lambda: None).result()

    def _windows(self, ahead: ClipsAhead) -> Generator[list[_Pending], None, None]:
        """Runs of clips that have been through the stages before. One that fails counts as a clip, and for no time."""
        window: list[_Pending] = []
        duration_s = 0.0
        with contextlib.closing(self._decoded(ahead)) as decoded:
            for pending in decoded:
                window.append(pending)
                duration_s += pending.size.duration_s if pending.size is not None else 0.0
                if self._split.window.is_full(len(window), duration_s):
                    yield window
                    window, duration_s = [], 0.0
        if window:
            yield window

    def _decoded(self, ahead: ClipsAhead) -> Generator[_Pending, None, None]:
        """The clips in the shard's order, a bounded number of them on their way through the decoders."""
        waiting: deque[tuple[_Pending, Future[None]]] = deque()
        try:
            for read in ahead:
                pending = _Pending(CarriedClip(read))
                waiting.append((pending, self._decoders.submit(functools.partial(self._attempt, pending))))
                if len(waiting) == self._decoders.most_ahead:
                    yield self._next_of(waiting)
            while waiting:
                yield self._next_of(waiting)
        finally:
            # As of the network's child: the next shard must not find them at work.
            for _, started in waiting:
                started.cancel()
            wait([started for _, started in waiting])

    @staticmethod
    def _next_of(waiting: deque[tuple[_Pending, Future[None]]]) -> _Pending:
        """The one that came first, once it is decoded. Raises what is not its own fault."""
        pending, started = waiting[0]
        started.result()
        waiting.popleft()
        return pending

    def _attempt(self, pending: _Pending, child: PassChild) -> None:
        with log.bound(clip=pending.clip.read.row.key), pending.clip.attempt():
            self._begin(pending, child)

    def _begin(self, pending: _Pending, child: PassChild) -> None:
        clip = pending.clip
        job = clip.read.job
        known = pending.known = self._carrying.known_of(job)
        child.rebind(self._split.before)
        self._carrying.patiently(lambda: self._carrying.take(clip, child.run(job, given=known.given), known))
        self._carrying.reuse(clip, known)
        clip.made = {**known.given, **clip.made}
        if not clip.made.keys() >= {*self._split.spec.writes}:
            pending.size = self._split.window.size(job.clip.key, clip.made)
        # A window holds what was made of the clips, not their media.
        clip.read.drop_media()
        pending.job = clip.read.job

    def _computed(self, window: list[_Pending]) -> Callable[[], None]:
        def compute() -> None:
            ready = [pending for pending in window if pending.size is not None]
            if not ready:
                return
            batches = self._split.window.batches([pending.size for pending in ready if pending.size is not None])
            if sorted(place for batch in batches for place in batch) != list(range(len(ready))):
                raise ValueError(f"the batches of {self._split.spec.name} must hold each of its clips once: {batches}")
            for batch in batches:
                self._compute([ready[place] for place in batch])

        return compute

    def _compute(self, batch: list[_Pending]) -> None:
        """The batch, and where that fails its halves, until what cannot be computed is alone."""
        todo = [batch]
        while todo:
            group = todo.pop()
            began_s = time.monotonic()
            try:
                self._carrying.patiently(lambda group=group: self._run(group))  # type: ignore[misc]
            except (BadConfig, BadShard, Transient):
                raise
            except VisemillError as error:
                if len(group) == 1:
                    group[0].clip.error = error
                    group[0].size = None
                else:
                    middle = len(group) // 2
                    todo += [group[middle:], group[:middle]]
                    for pending in group:
                        pending.clip.has_split = True
            for pending in group:
                pending.clip.wall_s += (time.monotonic() - began_s) / len(group)

    def _run(self, group: list[_Pending]) -> None:
        names = [name for name in self._split.spec.reads if all(name in p.clip.made for p in group)]
        given = {name: Together(tuple(p.clip.made[name] for p in group)) for name in names}
        duration_s = sum(p.size.duration_s for p in group if p.size is not None)
        for part in self._network.child.run(_job_of(group), given=given, media_s=duration_s):
            if isinstance(part, ArtifactPart):
                values = values_of(part.value)
                if len(values) != len(group):
                    raise VisemillError(
                        "WRONG_BATCH", f"{part.name} of {len(group)} clips came as {len(values)} values"
                    )
                for pending, value in zip(group, values, strict=True):
                    pending.clip.made[part.name] = value
            elif isinstance(part, DonePart):
                for stage, seconds in part.seconds.items():
                    for pending in group:
                        spent = pending.clip.seconds
                        spent[stage] = spent.get(stage, 0.0) + seconds / len(group)

    def _finished(self, window: Sequence[_Pending], computed: Future[None]) -> Generator[CarriedClip, None, None]:
        computed.result()
        for pending in window:
            clip, job = pending.clip, pending.job
            if clip.error is None and job is not None:
                with log.bound(clip=job.clip.key), clip.attempt():
                    self._decoders.in_turn(functools.partial(self._end, clip, job, pending.known))
            clip.made = {}
            yield clip

    def _end(self, clip: CarriedClip, job: ClipJob, known: KnownOfClip, child: PassChild) -> None:
        child.rebind(self._split.after)
        given: Mapping[str, Any] = dict(clip.made)
        self._carrying.patiently(lambda: self._carrying.take(clip, child.run(job, given=given), known))
        if clip.product is None:
            raise VisemillError("NO_PRODUCT", f"{job.clip.key}: the pass ended without a product")


def _job_of(group: Sequence[_Pending]) -> ClipJob:
    """What is to be done for a batch; of one clip, its own job."""
    first = group[0].job
    assert first is not None
    if len(group) == 1:
        return first
    key = f"{first.clip.key} and {len(group) - 1} beside it"
    return ClipJob(Clip(key, key, "", key), Media.of_bytes(key, b""))
