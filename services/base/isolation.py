"""Clip isolation: a supervisor and its child. Whatever a clip does to a decoder or a detector, it does to the child.

A clip that crashes, hangs or exhausts memory is tried once more in a fresh child, alone, and is then the clip's fault:
BadInput CLIP_CRASHED, TIMEOUT or OUT_OF_MEMORY. The supervisor imports no media library.

A clip's time is what the child takes. Waiting for a caller's frames, for a caller that is slow to read, or for a remote
stage is none of it; a remote stage that is waited for as long as a clip may take is Transient REMOTE_TIMEOUT.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any

from services.base import metrics, pipe
from services.base.child import MOST_PASSES
from services.base.child_words import ChildWords
from services.base.clip_pass import ArtifactPart, ChunkPart, DonePart, FactsPart, InfoPart, Part
from services.base.clip_watch import POLL_S, ChildLost, ClipLimits, ClipWatch, clip_limits
from services.base.contract import ClipJob
from services.base.errors import BadConfig, BadInput, Transient, VisemillError, from_kind
from services.base.media import FrameChunk, VideoInfo

__all__ = ["ArtifactPart", "ChunkPart", "ClipLimits", "DonePart", "FactsPart", "InfoPart", "PassChild", "clip_limits"]

_START_LIMIT_S = 180.0
MEMORY_RAN_OUT = "MEMORY_RAN_OUT"
"""Transient: the kernel killed the child because its pod, container or machine had no memory left."""

# What ends a clip without being its fault.
_NOT_ITS_FAULT = ("DEADLINE_EXCEEDED", "REMOTE_TIMEOUT", "STOPPED", MEMORY_RAN_OUT)

Stages = Sequence[tuple[str, Mapping[str, Any]]]


def remote_targets(pairs: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Stage name -> target, as `--remote STAGE=TARGET` flags give them for the stages of a pass. Raises BadConfig."""
    targets: dict[str, str] = {}
    for pair in pairs:
        name, equals, target = pair.partition("=")
        if not (equals and target.strip()) or name not in names:
            raise BadConfig(
                "BAD_FLAGS", f"--remote {pair!r} must be STAGE=HOST:PORT, with a stage of {', '.join(names)}"
            )
        targets[name] = target
    return targets


class PassChild:
    """One child process that holds the opened stages of a pass. Not thread-safe; one clip at a time."""

    def __init__(
        self,
        stages: Stages,
        limits: ClipLimits,
        num_threads: int = 1,
        environment: Mapping[str, str] | None = None,
        *,
        remote: Mapping[str, str] | None = None,
        program: Sequence[str] = (sys.executable, "-m", "services"),
        should_stop: Callable[[], bool] = lambda: False,
        grace_s: float = 0.0,
    ) -> None:
        """stages: (name, config values) in order. remote: stage name -> gRPC target, for stages that run elsewhere.

        program: what is started as a child, with `child FD` appended. should_stop: asked while a clip is waited for.
        grace_s: how long a clip may go on that nobody waits for any more, before the child is ended for it.
        """
        self._program = tuple(program)
        self._stages = _plain(stages)
        self._remote = dict(remote or {})
        self._limits = limits
        self._num_threads = num_threads
        self._environment = dict(environment or {})
        self._should_stop = should_stop
        self._grace_s = grace_s
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._words: ChildWords | None = None
        self._num_oom_kills = 0
        # What the child holds open, the stages of the next clip last; and all that was ever opened here.
        self._open: list[list[Any]] = []
        self._proven: list[list[Any]] = []
        self.num_restarts = 0

    def holds(self, stages: Stages) -> bool:
        """Whether these are the stages, with these configs, that it has opened or will open."""
        plain = _plain(stages)
        return plain == self._stages or plain in self._open

    def rebind(self, stages: Stages) -> None:
        """From the next clip on, these stages with these configs. The child keeps the last few that it opened."""
        self._stages = _plain(stages)

    def run(
        self,
        job: ClipJob,
        *,
        want_frames: bool = False,
        timeout_s: float | None = None,
        given: Mapping[str, Any] | None = None,
        frames: Iterator[FrameChunk] | None = None,
        info: VideoInfo | None = None,
    ) -> Iterator[Part]:
        """Parts of the pass over one clip, as `ClipPass.run` yields them.

        frames, info: frames that the caller has, in place of decoding; such a call cannot be tried a second time.
        timeout_s: the caller's deadline. Raises BadInput, BadConfig or Transient as the stages do; TIMEOUT past the
        limit is the clip's fault, past the caller's deadline it is Transient.
        """
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        options: dict[str, Any] = {"want_frames": want_frames, "frames": frames is not None}
        if info is not None:
            options["info"] = pipe.pack_part(InfoPart(info))[0]["info"]
        num_yielded, num_tries = 0, 2 if frames is None else 1
        for attempt in range(1, num_tries + 1):
            try:
                with contextlib.closing(self._once(job, options, deadline_s, given or {}, frames)) as parts:
                    for i, part in enumerate(parts):
                        if i >= num_yielded:
                            num_yielded += 1
                            yield part
                return
            except ChildLost as lost:
                self._kill()
                metrics.CHILDREN_LOST.labels(lost.reason.lower()).inc()
                if lost.reason in _NOT_ITS_FAULT:
                    raise Transient(lost.reason, f"{job.clip.key}: {lost.message}") from None
                if attempt == num_tries:
                    raise _verdict(job.clip.key, lost, self.last_words(), attempt) from None
                self.num_restarts += 1

    def last_words(self) -> str:
        """The last lines of the child's standard error; all that it said, once it has ended."""
        if self._words is None:
            return ""
        return self._words.said(wait=self._process is None or self._process.poll() is not None)

    def close(self) -> None:
        """Ends the child; a later `run` starts another."""
        self._kill()

    def start(self) -> None:
        """Starts the child and opens the stages now, rather than at the first clip. Raises what opening a stage raises.

        A child that ends meanwhile is BadConfig STAGE_DID_NOT_OPEN; Transient if those stages have opened here before.
        """
        if self._process is not None and self._process.poll() is not None:
            self._kill()
        if self._process is not None and self._open[-1:] == [self._stages]:
            return
        try:
            if self._process is None:
                self._spawn()
            self._open_stages()
        except ChildLost as lost:
            self._kill()
            if lost.reason in ("STOPPED", MEMORY_RAN_OUT):
                raise Transient(lost.reason, lost.message) from None
            # Somebody else's signal, such as the system's when memory is short, says nothing about the settings.
            error = Transient if lost.killed or self._stages in self._proven else BadConfig
            message = f"the child that opens {self._stages} ended: {lost.message}"
            raise error("STAGE_DID_NOT_OPEN", message, self.last_words()) from None

    def _spawn(self) -> None:
        metrics.CHILDREN_STARTED.inc()
        ours, theirs = socket.socketpair()
        self._num_oom_kills = _oom_kills()
        try:
            self._process = subprocess.Popen(
                [*self._program, "child", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={
                    **os.environ,
                    **_thread_environment(self._num_threads),
                    "VISEMILL_LOG_FORMAT": "json",
                    **self._environment,
                },
                start_new_session=True,
            )
        finally:
            theirs.close()
        self._socket = ours
        self._words = ChildWords(self._process)
        order = {"remote": self._remote, "num_threads": self._num_threads, "memory_bytes": self._limits.memory_bytes}
        self._send(self._watch(_START_LIMIT_S), order)

    def _open_stages(self) -> None:
        watch = self._watch(_START_LIMIT_S)
        self._send(watch, {"part": "open", "stages": self._stages})
        header, _ = self._await(watch)
        if header["part"] == "error":
            raise _error_of(header)
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
        frames: Iterator[FrameChunk] | None,
    ) -> Generator[Part, None, None]:
        self.start()
        if deadline_s is not None and time.monotonic() > deadline_s:
            raise Transient("DEADLINE_EXCEEDED", f"{job.clip.key}: the caller's deadline passed before its turn came")
        assert self._words is not None
        self._words.context = contextvars.copy_context()
        watch = self._watch(self._limits.time_s, deadline_s)
        header, pieces = pipe.pack_job(job, given, {**options, "part": "job"})
        self._send(watch, header, *pieces)
        if frames is not None:
            self._send_frames(watch, frames)
        while True:
            header, payload = self._await(watch)
            if header["part"] == "error":
                raise self._failure(header)
            part = pipe.unpack_part(header, payload)
            _count(part, header)
            if isinstance(part, InfoPart):
                watch.lasts(part.info.duration_s)
            try:
                yield part
            except GeneratorExit:
                if not isinstance(part, DonePart):
                    self._let_finish(watch)
                raise
            if isinstance(part, DonePart):
                return

    def _failure(self, header: Mapping[str, Any]) -> Exception:
        if header["kind"] == "MEMORY":
            return ChildLost("OUT_OF_MEMORY", "it ran out of memory")
        if header["kind"] == "BUG":
            return ChildLost("INTERNAL_ERROR", header["message"], words=header["detail"])
        return _error_of(header)

    def _send_frames(self, watch: ClipWatch, frames: Iterator[FrameChunk]) -> None:
        try:
            for chunk in frames:
                self._send(watch, *_flat(pipe.pack_chunk(chunk)))
        except ChildLost:
            raise
        except BaseException:
            # The caller's frames broke off: the child waits for more, and would take the next job for one of them.
            self._let_finish(watch, {"part": "abort"})
            raise
        self._send(watch, {"part": "end"})

    def _let_finish(self, watch: ClipWatch, *last: Mapping[str, Any]) -> None:
        """What is still to come of a clip that nobody wants is read within the grace; then the child is ended."""
        watch.unwanted()
        try:
            for header in last:
                self._send(watch, header)
            while self._await(watch)[0]["part"] not in ("done", "error"):
                pass
        except ChildLost:
            self._kill()

    def _send(self, watch: ClipWatch, header: Mapping[str, Any], *payload: bytes | memoryview) -> None:
        assert self._socket is not None
        try:
            with watch.running():
                pipe.send(pipe.WatchedEnd(self._socket, POLL_S, watch), header, *payload)
        except OSError:
            raise self._lost() from None

    def _await(self, watch: ClipWatch) -> tuple[dict[str, Any], bytearray]:
        """The child's next message, its clock and memory watched while it computes."""
        assert self._socket is not None
        end = pipe.WatchedEnd(self._socket, POLL_S, watch)
        while True:
            try:
                with watch.running():
                    message = pipe.receive(end)
            except (OSError, ValueError):
                message = None
            if message is None:
                raise self._lost()
            if message[0]["part"] != "waits":
                return message
            watch.remote(message[0]["for"])

    def _lost(self) -> ChildLost:
        assert self._process is not None
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return ChildLost("CLIP_CRASHED", "its process stopped answering")
        if status == -signal.SIGKILL and _oom_kills() > self._num_oom_kills:
            words = "memory ran out around it before its own limit was reached: give the pod or container more"
            return ChildLost(MEMORY_RAN_OUT, words, killed=True)
        if status < 0:
            name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
            return ChildLost("CLIP_CRASHED", f"its process was ended by {name}", killed=-status == signal.SIGKILL)
        return ChildLost("CLIP_CRASHED", f"its process exited with {status}")

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
            self._process = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._open = []


def _count(part: Part, header: Mapping[str, Any]) -> None:
    if isinstance(part, FactsPart):
        metrics.FRAMES.inc(part.facts.num_frames)
    elif isinstance(part, DonePart):
        for stage, seconds in part.seconds.items():
            metrics.STAGE_SECONDS.labels(stage).observe(seconds)
        for name, value in header["measured"]:
            metrics.OF_CHILDREN[name].observe(value)


def _plain(stages: Stages) -> list[list[Any]]:
    return [[name, dict(config)] for name, config in stages]


def _flat(packed: tuple[dict[str, Any], list[bytes | memoryview]]) -> tuple[Any, ...]:
    return packed[0], *packed[1]


def _thread_environment(num_threads: int) -> dict[str, str]:
    from services.base.settings import thread_environment

    return thread_environment(num_threads)


def _oom_kills() -> int:
    from services.base.settings import num_oom_kills

    return num_oom_kills()


def _verdict(key: str, lost: ChildLost, detail: str, num_tries: int) -> VisemillError:
    if lost.reason == "INTERNAL_ERROR":
        detail = "\n".join(text for text in (detail, lost.words) if text)
        return VisemillError(lost.reason, f"{lost.message}: please report it, with the traceback", detail)
    again = ", and again in a fresh process" if num_tries > 1 else ""
    message = f"{key}: {lost.message}{again}; raise the limits on clips if it is a good clip"
    return BadInput(lost.reason, message, detail)


def _error_of(header: Mapping[str, Any]) -> VisemillError:
    return from_kind(header["kind"], header["reason"], header["message"], header["detail"])
