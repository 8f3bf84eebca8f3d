"""Clip isolation: a supervisor and its child. Whatever a clip does to a decoder or a detector, it does to the child.

A clip that crashes, hangs or exhausts memory is tried once more in a fresh child, alone, and is then the clip's fault:
BadInput CLIP_CRASHED, TIMEOUT or OUT_OF_MEMORY. The supervisor imports no media library.

Where clips wait for others at their end, the child may begin the next one meanwhile. It is told of one clip at a time
all the same, and whatever ends a child that holds two is nobody's fault until it comes again with one.

A clip's time is what the child takes. Waiting for a caller's chunks, for a caller that is slow to read, or for a remote
stage is none of it; a remote stage that is waited for as long as a clip may take is Transient REMOTE_TIMEOUT.
"""

from __future__ import annotations

import contextlib
import contextvars
import sys
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.base.errors import BadConfig, Transient, VisemillError, from_kind
from services.base.media.progress import Progress
from services.base.process import metrics
from services.base.sandbox import protocol
from services.base.sandbox.child import MOST_PASSES
from services.base.sandbox.failure_attribution import attribute_failure, is_too_much_for_two
from services.base.sandbox.limits import ClipLimits, clip_limits
from services.base.sandbox.process import ChildProcess
from services.base.sandbox.stage_metrics import StageMetrics
from services.base.sandbox.watchdog import MEMORY_RAN_OUT, ChildLost, ClipWatch
from services.base.stage.clip_pass import ArtifactPart, ChunkPart, DonePart, FactsPart, InfoPart, Part
from services.base.stage.product import FilePart, PiecePart, Product, ProductPart
from services.base.stage.spec import ClipJob, StageSpec, artifact_types
from services.base.stage.stream import NO_STREAMS, Chunk, Info

__all__ = [
    "ArtifactPart",
    "ChunkPart",
    "ClipLimits",
    "DonePart",
    "FactsPart",
    "InfoPart",
    "NextClip",
    "PassChild",
    "clip_limits",
]

_START_LIMIT_S = 180.0
_NO_OPTIONS: Mapping[str, Any] = {"want": [], "pushed": False}

Stages = Sequence[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class NextClip:
    """The clip that `run` will be asked for after this one, with the artifacts that it will be given."""

    job: ClipJob
    given: Mapping[str, Any] = field(default_factory=dict)


class PassChild:
    """One child process that holds the opened stages of a pass. Not thread-safe; one clip at a time."""

    def __init__(
        self,
        stages: Stages,
        limits: ClipLimits,
        num_threads: int = 1,
        environment: Mapping[str, str] | None = None,
        *,
        specs: Iterable[StageSpec] = (),
        remote: Mapping[str, str] | None = None,
        program: Sequence[str] = (sys.executable, "-m", "services"),
        should_stop: Callable[[], bool] = lambda: False,
        grace_s: float = 0.0,
    ) -> None:
        """stages: (name, config values) in order. specs: theirs, whose artifacts and metrics are known here.
        remote: stage name -> gRPC target, for stages that run elsewhere.

        program: what is started as a child, with `child FD` appended. should_stop: asked while a clip is waited for.
        grace_s: how long a clip may go on that nobody waits for any more, before the child is ended for it.
        """
        self._program = tuple(program)
        self._stages = self._own_stages = _plain(stages)
        specs = tuple(specs)
        self._types = artifact_types(specs)
        self._metrics = StageMetrics(specs)
        self._remote = dict(remote or {})
        self._limits = limits
        self._num_threads = num_threads
        self._environment = dict(environment or {})
        self._should_stop = should_stop
        self._grace_s = grace_s
        self._process: ChildProcess | None = None
        # The one whose stderr is asked for when it has gone.
        self._last: ChildProcess | None = None
        # What the child holds open, the stages of the next clip last; and all that was ever opened here.
        self._open: list[list[Any]] = []
        self._proven: list[list[Any]] = []
        # What it has been sent beside the clip that is waited for; and whether it may be sent any.
        self._begun: NextClip | None = None
        self._begins_next = False
        self._has_room_for_two = True
        self.num_restarts = 0
        # Called at every start, with what it failed with; not of stages that a caller named and that never opened here.
        self.on_start: Callable[[VisemillError | None], None] = lambda _: None
        # Called while a clip is decoded: with how many frames of it have been, and how many its header claims.
        self.on_frames: Callable[[int, int], None] = lambda *_: None

    def holds(self, stages: Stages) -> bool:
        """Whether these are the stages, with these configs, that it has opened or will open."""
        plain = _plain(stages)
        return plain == self._stages or plain in self._open

    def rebind(self, stages: Stages) -> None:
        """From the next clip on, these stages with these configs. The child keeps the last few that it opened."""
        self._stages = _plain(stages)

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and not self._process.has_ended

    @property
    def begins_next(self) -> bool:
        """Whether a next clip would be begun early: the clips of these stages wait for others at their end."""
        return self._begins_next and self._has_room_for_two

    def run(
        self,
        job: ClipJob,
        *,
        want: Collection[str] = NO_STREAMS,
        timeout_s: float | None = None,
        given: Mapping[str, Any] | None = None,
        pushed: Iterator[Chunk] | None = None,
        info: Info | None = None,
        then: NextClip | None = None,
        media_s: float = 0.0,
    ) -> Generator[Part, None, None]:
        """Parts of the pass over one clip, as `ClipPass.run` yields them. Where a child ends over a product that has
        begun, the product begins anew: a second ProductPart comes, and all of its files after it.

        media_s: of the media that artifacts were given of, which gives it as much more time as decoding it would.

        then: what may be begun while this clip waits for others. A later `run` of that very job takes up what was begun
        with what it was given; of any other, drops it.
        pushed, info: chunks that the caller has, in place of decoding; such a call cannot be tried a second time.
        timeout_s: the caller's deadline. Raises BadInput, BadConfig or Transient as the stages do; TIMEOUT past the
        limit is the clip's fault, past the caller's deadline it is Transient.
        """
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        options: dict[str, Any] = {"want": sorted(want), "pushed": pushed is not None, "media_s": media_s}
        if info is not None:
            options["info"] = protocol.pack_part(InfoPart(info))[0]
        num_yielded, num_tries = 0, 2 if pushed is None else 1
        for attempt in range(1, num_tries + 1):
            then = then if attempt == 1 and self.begins_next else None
            is_taken = attempt == 1 and self._begun is not None and self._begun.job is job
            try:
                with contextlib.closing(self._once(job, options, deadline_s, given or {}, pushed, then)) as parts:
                    num_seen = 0
                    for part in parts:
                        if _is_of_product(part):
                            yield part
                            continue
                        num_seen += 1
                        if num_seen > num_yielded:
                            num_yielded = num_seen
                            yield part
                return
            except ChildLost as lost:
                self._kill()
                metrics.CHILDREN_LOST.labels(lost.reason.lower()).inc()
                held_two = then is not None or is_taken
                if held_two and is_too_much_for_two(lost.reason):
                    self._has_room_for_two = False
                error = attribute_failure(
                    job.clip.key,
                    lost,
                    self.stderr_tail(),
                    num_tries=attempt,
                    is_last=attempt == num_tries,
                    held_two=held_two,
                )
                if error is not None:
                    raise error from None
                self.num_restarts += 1

    def stderr_tail(self) -> str:
        """The last lines of the child's standard error; all of it, once it has ended."""
        return self._last.stderr_tail() if self._last is not None else ""

    def close(self) -> None:
        """Ends the child; a later `run` starts another."""
        self._kill()

    def start(self) -> None:
        """Starts the child and opens the stages now, rather than at the first clip. Raises what opening a stage raises.

        A child that ends meanwhile is BadConfig STAGE_DID_NOT_OPEN; Transient if those stages have opened here before.
        """
        if self._process is not None and self._process.has_ended:
            self._kill()
        if self._process is not None and self._open[-1:] == [self._stages]:
            return
        try:
            self._start()
        except VisemillError as error:
            if error.reason != "STOPPED" and self._stages in (self._own_stages, *self._proven):
                self.on_start(error)
            raise
        self.on_start(None)

    def revive(self) -> None:
        """Starts it with the stages that it was made with, unless it runs. Raises as `start` does."""
        if not self.is_running:
            self._stages = self._own_stages
            self.start()

    def _start(self) -> None:
        try:
            if self._process is None:
                self._spawn()
            self._open_stages()
        except OSError as error:
            self._kill()
            message = f"no child process can be started ({error}): check the limits on processes and memory"
            raise Transient("CHILD_NOT_STARTED", message) from error
        except ChildLost as lost:
            self._kill()
            if lost.reason in ("STOPPED", MEMORY_RAN_OUT):
                raise Transient(lost.reason, lost.message) from None
            # Somebody else's signal, such as the system's when memory is short, says nothing about the settings.
            error_class = Transient if lost.killed or self._stages in self._proven else BadConfig
            message = f"the child that opens {self._stages} ended: {lost.message}"
            raise error_class("STAGE_DID_NOT_OPEN", message, self.stderr_tail()) from None

    def _spawn(self) -> None:
        argv = [*self._program, "child"]
        self._process = ChildProcess(argv, self._num_threads, self._environment, self._tell_frames)
        self._last = self._process
        start = {"remote": self._remote, "num_threads": self._num_threads, "memory_bytes": self._limits.memory_bytes}
        # Artifacts that are given may be of stages that this child does not hold.
        start["types"] = {name: f"{kind.__module__}:{kind.__qualname__}" for name, kind in self._types.items()}
        self._process.send(self._watch(_START_LIMIT_S), start)

    def _tell_frames(self, num_frames: int, num_claimed: int) -> None:
        """To whoever wants to hear it by now."""
        self.on_frames(num_frames, num_claimed)

    def _open_stages(self) -> None:
        assert self._process is not None
        self._begun = None
        watch = self._watch(_START_LIMIT_S)
        self._process.send(watch, {"part": "open", "stages": self._stages})
        header, _ = self._process.receive(watch)
        if header["part"] == "error":
            raise _error_of(header)
        self._begins_next = header["begins_next"]
        kept = [stages for stages in self._open if stages != self._stages]
        self._open = [*kept[-(MOST_PASSES - 1) :], self._stages]
        if self._stages not in self._proven:
            self._proven.append(self._stages)

    def _watch(self, time_s: float, deadline_s: float | None = None) -> ClipWatch:
        assert self._process is not None
        limits = ClipLimits(time_s, self._limits.memory_bytes)
        return ClipWatch(self._process.pid, limits, self._should_stop, deadline_s, self._grace_s)

    def _once(
        self,
        job: ClipJob,
        options: Mapping[str, Any],
        deadline_s: float | None,
        given: Mapping[str, Any],
        pushed: Iterator[Chunk] | None,
        then: NextClip | None,
    ) -> Generator[Part, None, None]:
        self.start()
        if deadline_s is not None and time.monotonic() > deadline_s:
            raise Transient("DEADLINE_EXCEEDED", f"{job.clip.key}: the caller's deadline passed before its turn came")
        assert self._process is not None
        self._process.hear_as(contextvars.copy_context())
        watch = self._watch(self._limits.time_s, deadline_s)
        watch.lasts(options["media_s"])
        self._ask_for(watch, job, given, options, then)
        if pushed is not None:
            self._send_chunks(watch, pushed)
        progress = Progress()
        while True:
            header, payload = self._process.receive(watch)
            if header["part"] == "error":
                raise self._failure(header)
            part = protocol.unpack_part(header, payload, self._types)
            self._metrics.count(part, header.get("measured", ()))
            if isinstance(part, ChunkPart):
                watch.lasts(progress.add(part.chunk))
            try:
                yield part
            except GeneratorExit:
                if not isinstance(part, DonePart):
                    self._let_finish(watch)
                raise
            if isinstance(part, DonePart):
                return

    def _ask_for(
        self,
        watch: ClipWatch,
        job: ClipJob,
        given: Mapping[str, Any],
        options: Mapping[str, Any],
        then: NextClip | None,
    ) -> None:
        assert self._process is not None
        followed = {"followed": True} if then is not None else {}
        taken, self._begun = self._begun, then
        if taken is not None and taken.job is job:
            self._process.send(watch, {"part": "take", **followed})
        else:
            header, pieces = protocol.pack_job(job, given, {**options, **followed, "part": "job"})
            self._process.send(watch, header, *pieces)
        if then is not None:
            header, pieces = protocol.pack_job(then.job, then.given, {**_NO_OPTIONS, "part": "job"})
            self._process.send(watch, header, *pieces)

    def _failure(self, header: Mapping[str, Any]) -> Exception:
        if header["kind"] == "MEMORY":
            return ChildLost("OUT_OF_MEMORY", "it ran out of memory")
        if header["kind"] == "BUG":
            return ChildLost("INTERNAL_ERROR", header["message"], detail=header["detail"])
        return _error_of(header)

    def _send_chunks(self, watch: ClipWatch, chunks: Iterator[Chunk]) -> None:
        assert self._process is not None
        try:
            for chunk in chunks:
                header, pieces = protocol.pack_chunk(chunk)
                self._process.send(watch, header, *pieces)
        except ChildLost:
            raise
        except BaseException:
            # The caller's chunks broke off: the child waits for more, and would take the next job for one of them.
            self._let_finish(watch, {"part": "abort"})
            raise
        self._process.send(watch, {"part": "end"})

    def _let_finish(self, watch: ClipWatch, *last: Mapping[str, Any]) -> None:
        """What is still to come of a clip that nobody wants is read within the grace; then the child is ended."""
        assert self._process is not None
        watch.unwanted()
        try:
            for header in last:
                self._process.send(watch, header)
            while self._process.receive(watch)[0]["part"] not in ("done", "error"):
                pass
        except ChildLost:
            self._kill()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None
        self._open = []
        self._begun = None


def _is_of_product(part: Part) -> bool:
    return isinstance(part, ProductPart | FilePart | PiecePart) or (
        isinstance(part, ArtifactPart) and isinstance(part.value, Product)
    )


def _plain(stages: Stages) -> list[list[Any]]:
    return [[name, dict(config)] for name, config in stages]


def _error_of(header: Mapping[str, Any]) -> VisemillError:
    return from_kind(header["kind"], header["reason"], header["message"], header["detail"])
