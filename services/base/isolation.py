"""Clip isolation: a supervisor and its child. Whatever a clip does to a decoder or a detector, it does to the child.

A clip that crashes, hangs or exhausts memory is tried once more in a fresh child, alone, and is then the clip's fault:
BadInput CLIP_CRASHED, TIMEOUT or OUT_OF_MEMORY. The supervisor imports no media library.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.base import pipe
from services.base.clip_pass import ArtifactPart, ChunkPart, DonePart, FactsPart, InfoPart, Part
from services.base.contract import ClipJob
from services.base.errors import BadConfig, BadInput, Transient, VisemillError, from_kind
from services.base.media import FrameChunk, VideoInfo

__all__ = ["ArtifactPart", "ChunkPart", "ClipLimits", "DonePart", "FactsPart", "InfoPart", "PassChild", "clip_limits"]

# How often the supervisor looks at the child's clock and memory while it waits.
_POLL_S = 0.05
_START_LIMIT_S = 180.0
_STDERR_LINES = 20

Stages = Sequence[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class ClipLimits:
    """What one clip may cost. memory_bytes: resident set of the child, models included."""

    time_s: float = 120.0
    memory_bytes: int = 2 << 30

    def __post_init__(self) -> None:
        if not self.time_s > 0:
            raise ValueError(f"the time limit of a clip must be over 0 s, not {self.time_s}")
        if self.memory_bytes < 64 << 20:
            raise ValueError(f"the memory limit of a clip must be at least 64 MiB, not {self.memory_bytes} bytes")


def clip_limits(time_s: float, memory_mib: int) -> ClipLimits:
    """The limits that --clip-time-s and --clip-memory-mib ask for. Raises BadConfig."""
    try:
        return ClipLimits(time_s, memory_mib << 20)
    except ValueError as error:
        raise BadConfig("BAD_FLAGS", f"--clip-time-s {time_s:g}, --clip-memory-mib {memory_mib}: {error}") from error


class _ChildLost(Exception):
    """killed: by SIGKILL, which no library sends to itself."""

    def __init__(self, reason: str, message: str, *, killed: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.killed = killed


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
    ) -> None:
        """stages: (name, config values) in order. remote: stage name -> gRPC target, for stages that run elsewhere.

        program: what is started as a child, with `child FD` appended. should_stop: asked while a clip is waited for.
        """
        self._program = tuple(program)
        self._order = {"stages": _plain(stages), "remote": dict(remote or {})}
        self._limits = limits
        self._num_threads = num_threads
        self._environment = dict(environment or {})
        self._should_stop = should_stop
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self.num_restarts = 0

    def holds(self, stages: Stages) -> bool:
        """Whether these are the stages, with these configs, that it has opened or will open."""
        return bool(self._order["stages"] == _plain(stages))

    def rebind(self, stages: Stages) -> None:
        """From the next clip on, these stages with these configs; starts anew when they differ from what it holds."""
        if not self.holds(stages):
            self._kill()
            self._order = {**self._order, "stages": _plain(stages)}

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
        num_yielded = 0
        for attempt in (1, 2):
            try:
                for i, part in enumerate(self._once(job, want_frames, timeout_s, given or {}, frames, info)):
                    if i >= num_yielded:
                        num_yielded += 1
                        yield part
                return
            except _ChildLost as lost:
                self._kill()
                if lost.reason == "DEADLINE_EXCEEDED":
                    raise Transient("DEADLINE_EXCEEDED", lost.message) from None
                if attempt == 2 or frames is not None:
                    raise _verdict(job.clip.key, lost, self.last_words()) from None
                self.num_restarts += 1
            except GeneratorExit:
                self._kill()
                raise

    def last_words(self) -> str:
        """The last lines of the child's standard error."""
        return "\n".join(self._stderr)

    def close(self) -> None:
        """Ends the child; a later `run` starts another."""
        self._kill()

    def start(self) -> None:
        """Starts the child now, rather than at the first clip. Raises what opening a stage raises."""
        if self._process is not None and self._process.poll() is None:
            return
        self._kill()
        self._stderr.clear()
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [*self._program, "child", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={**os.environ, **_thread_environment(self._num_threads), **self._environment},
                start_new_session=True,
            )
        finally:
            theirs.close()
        self._socket = ours
        threading.Thread(target=_drain, args=(self._process, self._stderr), daemon=True).start()
        opening = {**self._order, "num_threads": self._num_threads, "memory_bytes": self._limits.memory_bytes}
        try:
            self._send(time.monotonic() + _START_LIMIT_S, opening)
            header, _ = self._await(time.monotonic() + _START_LIMIT_S, None)
        except _ChildLost as lost:
            self._kill()
            # Somebody else's signal, such as the system's when memory is short, says nothing about the settings.
            error = Transient if lost.killed else BadConfig
            message = f"the child that opens {self._order['stages']} ended: {lost.message}"
            raise error("STAGE_DID_NOT_OPEN", message, self.last_words()) from None
        if header.get("part") == "error":
            self._kill()
            raise _error_of(header)

    def _once(
        self,
        job: ClipJob,
        want_frames: bool,
        timeout_s: float | None,
        given: Mapping[str, Any],
        frames: Iterator[FrameChunk] | None,
        info: VideoInfo | None,
    ) -> Iterator[Part]:
        self.start()
        sock = self._socket
        assert sock is not None
        end_s = time.monotonic() + self._limits.time_s
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        options: dict[str, Any] = {"want_frames": want_frames, "frames": frames is not None}
        if info is not None:
            options["info"] = pipe.pack_part(InfoPart(info))[0]["info"]
        header, pieces = pipe.pack_job(job, given, options)
        self._send(end_s, header, *pieces)
        if frames is not None:
            self._send_frames(end_s, frames)
        while True:
            header, payload = self._await(end_s, deadline_s)
            if header["part"] == "error":
                if header["kind"] == "MEMORY":
                    raise _ChildLost("OUT_OF_MEMORY", "it ran out of memory")
                if header["kind"] == "BUG":
                    self._stderr.extend(header["detail"].splitlines())
                    raise _ChildLost("INTERNAL_ERROR", header["message"])
                raise _error_of(header)
            part = pipe.unpack_part(header, payload)
            yield part
            if isinstance(part, DonePart):
                return

    def _send_frames(self, end_s: float, frames: Iterator[FrameChunk]) -> None:
        try:
            for chunk in frames:
                self._send(end_s, *_flat(pipe.pack_chunk(chunk)))
        except _ChildLost:
            raise
        except BaseException:
            # The caller's frames broke off: the child waits for more, and would take the next job for one of them.
            self._kill()
            raise
        self._send(end_s, {"part": "end"})

    def _send(self, end_s: float, header: Mapping[str, Any], *payload: bytes | memoryview) -> None:
        sock = self._socket
        assert sock is not None
        sock.settimeout(max(0.1, end_s - time.monotonic()))
        try:
            pipe.send(sock, header, *payload)
        except TimeoutError:
            raise _ChildLost("TIMEOUT", f"it took over {self._limits.time_s:g} s") from None
        except OSError:
            raise self._lost() from None

    def _await(self, end_s: float, deadline_s: float | None) -> tuple[dict[str, Any], bytearray]:
        """The child's next message, its clock and memory watched while it computes."""
        sock, process = self._socket, self._process
        assert sock is not None and process is not None
        while True:
            if select.select([sock], [], [], _POLL_S)[0]:
                sock.settimeout(max(0.1, end_s - time.monotonic()))
                try:
                    message = pipe.receive(sock)
                except (OSError, ValueError):
                    message = None
                if message is None:
                    raise self._lost()
                return message
            now_s = time.monotonic()
            if now_s > end_s:
                raise _ChildLost("TIMEOUT", f"it took over {self._limits.time_s:g} s")
            if deadline_s is not None and now_s > deadline_s:
                raise _ChildLost("DEADLINE_EXCEEDED", "the caller's deadline passed")
            if resident_bytes(process.pid) > self._limits.memory_bytes:
                raise _ChildLost("OUT_OF_MEMORY", f"it held over {self._limits.memory_bytes >> 20} MiB")
            if self._should_stop():
                self._kill()
                raise Transient("STOPPED", "asked to stop before the shard was done: run it again")

    def _lost(self) -> _ChildLost:
        assert self._process is not None
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return _ChildLost("CLIP_CRASHED", "its process stopped answering")
        if status < 0:
            name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
            return _ChildLost("CLIP_CRASHED", f"its process was ended by {name}", killed=-status == signal.SIGKILL)
        return _ChildLost("CLIP_CRASHED", f"its process exited with {status}")

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
            self._process = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def resident_bytes(pid: int) -> int:
    """Resident set of a process, 0 once it has gone."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123 - read 20 times a second
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _plain(stages: Stages) -> list[list[Any]]:
    return [[name, dict(config)] for name, config in stages]


def _flat(packed: tuple[dict[str, Any], list[bytes | memoryview]]) -> tuple[Any, ...]:
    return packed[0], *packed[1]


def _thread_environment(num_threads: int) -> dict[str, str]:
    from services.base.settings import thread_environment

    return thread_environment(num_threads)


def _verdict(key: str, lost: _ChildLost, detail: str) -> VisemillError:
    if lost.reason == "INTERNAL_ERROR":
        return VisemillError(lost.reason, f"{lost.message}: please report it, with the traceback", detail)
    message = f"{key}: {lost.message}, and again in a fresh process; raise the limits on clips if it is a good clip"
    return BadInput(lost.reason, message, detail)


def _error_of(header: Mapping[str, Any]) -> VisemillError:
    return from_kind(header["kind"], header["reason"], header["message"], header["detail"])


def _drain(process: subprocess.Popen[bytes], lines: deque[str]) -> None:
    stream = process.stderr
    assert stream is not None
    with contextlib.suppress(ValueError, OSError):
        for line in stream:
            text = line.decode(errors="replace").rstrip()
            if text:
                lines.append(text[:500])
    if os.environ.get("VISEMILL_CHILD_STDERR"):
        sys.stderr.write(json.dumps({"child": process.pid, "lines": list(lines)}) + "\n")
