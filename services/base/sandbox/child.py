"""The child's side of isolation: opens the stages of a pass, then answers one clip after another.

The next clip may be sent along with one that may have to wait for others: it is begun meanwhile, and what it has to say
is kept until it is asked for.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import socket
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from services.base.digest import canonical_json
from services.base.errors import Transient, VisemillError
from services.base.process import log
from services.base.sandbox import protocol
from services.base.sandbox.interleaving import ClipInProgress, next_runnable
from services.base.stage.clip_pass import BoundStage, ChunkPart, ClipPass, DonePart, InfoPart
from services.base.stage.metric import StageMetric
from services.base.stage.spec import ByName, artifact_types
from services.base.stage.stream import Chunk

_PR_SET_PDEATHSIG = 1
# Room beyond the limit on the resident set: address space that is mapped and never touched also counts here.
_SLACK_BYTES = 2 << 30

# Passes that a child keeps open, so that callers who ask for this and that by turns wait for no model twice.
MOST_PASSES = 3

OpenStage = Callable[[str, Mapping[str, Any], str | None, Mapping[str, Mapping[str, Any]]], BoundStage]

# What the stages have measured since the last clip was done.
_MEASURED: deque[tuple[str, float]] = deque(maxlen=4096)

# Of the thread that processes clips; others find none.
_SUPERVISOR: ContextVar[socket.socket | None] = ContextVar("visemill_supervisor", default=None)


@contextlib.contextmanager
def waiting_for(whom: str) -> Iterator[None]:
    """Around a clip's wait for somebody else, such as a remote stage: the supervisor, if any, does not count it.

    Counts for nothing in any thread but the one that processes the clip. whom: for the message when it takes too long.
    """
    sock = _SUPERVISOR.get()
    if sock is None:
        yield
        return
    protocol.send(sock, {"part": "waits", "for": whom})
    try:
        yield
    finally:
        protocol.send(sock, {"part": "waits", "for": ""})


def measure(metric: StageMetric, value: float) -> None:
    """Tells the supervisor, which keeps the metrics, of a number. metric: one of the stage's StageSpec.metrics."""
    _MEASURED.append((metric.name, value))


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the thread that started it ends; a no-op where it cannot (not Linux)."""
    parent = os.getppid()
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (OSError, AttributeError):
        return
    if os.getppid() != parent:
        os._exit(1)


def child_main(fd: int, open_stage: OpenStage) -> int:
    """Serves one supervisor over an inherited socket until it closes.

    open_stage: (name, config values, target or None, config values of every stage of the pass by name).
    """
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sock = socket.socket(fileno=fd)
    _SUPERVISOR.set(sock)
    message = protocol.receive(sock)
    if message is None:
        return 0
    log.setup()
    start = message[0]
    limit = start["memory_bytes"] + _SLACK_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    clips = _Clips(sock, Passes(open_stage, start["remote"], start["types"]))
    while (message := clips.next_message()) is not None:
        if message[0]["part"] == "open":
            clips.open(message[0]["stages"])
        else:
            clips.serve(*message)
    return 0


class Passes:
    """The passes that were opened last, the current one at the end. Passes share the stages that are alike in them."""

    def __init__(
        self, open_stage: OpenStage, remote: Mapping[str, str], types: Mapping[str, str] | None = None
    ) -> None:
        """types: artifact name -> "module:class" of its values, of stages that may be open elsewhere."""
        self._types = {name: ByName(target) for name, target in (types or {}).items()}
        self._open_stage = open_stage
        self._remote = remote
        # Of each pass, by its own key, the keys of its stages.
        self._kept: dict[str, tuple[list[str], ClipPass]] = {}
        self._stages: dict[str, BoundStage] = {}

    def open(self, stages: list[list[Any]]) -> None:
        """Makes these stages the current ones; opens those that no pass which is kept has open. Raises what opening a
        stage raises.
        """
        key = canonical_json(stages)
        kept = self._kept.pop(key, None)
        if kept is None:
            while len(self._kept) >= MOST_PASSES:
                del self._kept[next(iter(self._kept))]
            configs = dict(stages)
            keys = [self._key(name, configs) for name, _ in stages]
            used = {*keys, *(own for others, _ in self._kept.values() for own in others)}
            # Before others are opened, so that models nobody needs any more take no memory beside theirs.
            self._stages = {own: stage for own, stage in self._stages.items() if own in used}
            kept = (
                keys,
                ClipPass([self._opened(own, name, configs) for own, (name, _) in zip(keys, stages, strict=True)]),
            )
        self._kept[key] = kept

    def current(self) -> ClipPass:
        return next(reversed(self._kept.values()))[1]

    def artifact_types(self) -> dict[str, type]:
        """Of the artifacts of every stage of the pass, open here or elsewhere."""
        elsewhere = {name: kind.resolve() for name, kind in self._types.items()}
        return {**elsewhere, **artifact_types(stage.spec for stage in self._stages.values())}

    def _key(self, name: str, configs: Mapping[str, Any]) -> str:
        """What decides a stage: its own config, and all of the pass's where it asks a server, which decodes too."""
        return canonical_json([name, configs if name in self._remote else configs[name]])

    def _opened(self, key: str, name: str, configs: Mapping[str, Any]) -> BoundStage:
        if key not in self._stages:
            self._stages[key] = self._open_stage(name, configs[name], self._remote.get(name), configs)
        return self._stages[key]


class _Clips:
    """The clip that the supervisor waits for, and the one after it where that has been begun."""

    def __init__(self, sock: socket.socket, passes: Passes) -> None:
        self._sock = sock
        self._passes = passes
        self._next: ClipInProgress | None = None

    def next_message(self) -> tuple[dict[str, Any], bytearray] | None:
        """The supervisor's, None at its end. Meanwhile the clip that has been begun goes on."""
        while self._next is not None and self._next.can_go_on and not select.select([self._sock], [], [], 0)[0]:
            self._step_unheard(self._next)
        return protocol.receive(self._sock)

    def open(self, stages: list[list[Any]]) -> None:
        self._drop()
        try:
            self._passes.open(stages)
        except VisemillError as error:
            _send_error(self._sock, error)
        else:
            protocol.send(self._sock, {"part": "ready", "begins_next": self._passes.current().waits_at_end})

    def serve(self, header: dict[str, Any], payload: bytearray) -> None:
        """header: of a "job", or of "take" for the one that has been begun; "followed" where the next one comes."""
        pushed: _Incoming | None = None
        if header["part"] == "take":
            assert self._next is not None
            clip, self._next = self._next, None
        else:
            self._drop()
            pushed = _Incoming(self._sock) if header["pushed"] else None
            clip = self._begin(header, payload, pushed)
        del payload
        if header.get("followed"):
            # Read at once: while the other end sends, it reads nothing.
            self._next = self._begin(*_received(self._sock), None)
        try:
            self._execute(clip)
        except VisemillError as error:
            _finish(pushed)
            _send_error(self._sock, error)
        except MemoryError:
            # What is left of the heap is not to be trusted; the supervisor starts a fresh child.
            fields = {"kind": "MEMORY", "reason": "OUT_OF_MEMORY", "message": "", "detail": ""}
            protocol.send(self._sock, {"part": "error", **fields})
            os._exit(1)
        except Exception as error:  # noqa: BLE001 - whatever a library raises costs the clip, and is reported with its traceback
            _finish(pushed)
            bug = VisemillError("INTERNAL_ERROR", f"{clip.key}: {error!r}", traceback.format_exc())
            _send_error(self._sock, bug)

    def _begin(self, header: dict[str, Any], payload: bytearray, pushed: _Incoming | None) -> ClipInProgress:
        job, given = protocol.unpack_job(header, payload, self._passes.artifact_types())
        about = protocol.unpack_part(header["info"], bytearray(), {}) if header.get("info") else None
        info = about.info if isinstance(about, InfoPart) else None
        chunks = iter(pushed) if pushed is not None else None
        steps = self._passes.current().run(job, given, want=header["want"], pushed=chunks, info=info)
        return ClipInProgress(job.clip.key, steps)

    def _execute(self, clip: ClipInProgress) -> None:
        """Sends the clip's parts as they come. Raises what ends it."""
        spent_s = clip.spent_s
        self._send_drained(clip)
        if spent_s and not clip.has_ended:
            protocol.send(self._sock, {"part": "spent", "seconds": spent_s})
        self._send_progress(clip, (0.0, (0, 0)))
        while not clip.has_ended:
            if not clip.pause.is_over:
                self._wait(clip)
            before = clip.media_s, clip.frames
            with log.bound(clip=clip.key):
                clip.step()
            self._send_drained(clip)
            self._send_progress(clip, before)

    def _wait(self, clip: ClipInProgress) -> None:
        protocol.send(self._sock, {"part": "waits", "for": clip.pause.whom})
        while (turn := next_runnable(clip, self._next)) is not clip:
            self._step_unheard(turn)
        protocol.send(self._sock, {"part": "waits", "for": ""})

    def _send_drained(self, clip: ClipInProgress) -> None:
        for part in clip.drain():
            part_header, pieces = protocol.pack_part(part)
            if isinstance(part, DonePart):
                part_header["measured"] = [_MEASURED.popleft() for _ in range(len(_MEASURED))]
            protocol.send(self._sock, part_header, *pieces)

    def _send_progress(self, clip: ClipInProgress, before: tuple[float, tuple[int, int]]) -> None:
        """What gives the clip more time, and is told people: how much of it has been decoded. before: as it was."""
        if (clip.media_s, clip.frames) != before and not clip.has_ended:
            protocol.send(self._sock, {"part": "lasts", "media_s": clip.media_s, "frames": clip.frames})

    def _step_unheard(self, clip: ClipInProgress) -> None:
        """A step of the clip after the one that the supervisor watches, or after the last one that it asked for."""
        listens = _SUPERVISOR.set(None)
        try:
            with log.bound(clip=clip.key):
                clip.step()
        finally:
            _SUPERVISOR.reset(listens)

    def _drop(self) -> None:
        if self._next is not None:
            self._next.drop()
            self._next = None


class _Incoming:
    """The caller's chunks. Raises Transient CANCELLED where they break off."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._ended = False

    def __iter__(self) -> Iterator[Chunk]:
        while (message := self._next()) is not None:
            if message[0]["part"] == "abort":
                raise Transient("CANCELLED", "the caller's stream ended early")
            part = protocol.unpack_part(*message, {})
            assert isinstance(part, ChunkPart)
            yield part.chunk

    def skip(self) -> None:
        """Reads what the supervisor is still sending, so that the next message is a job again."""
        while self._next() is not None:
            pass

    def _next(self) -> tuple[dict[str, Any], bytearray] | None:
        if self._ended:
            return None
        message = protocol.receive(self._sock)
        self._ended = message is None or message[0]["part"] in ("end", "abort")
        return None if message is None or message[0]["part"] == "end" else message


def _received(sock: socket.socket) -> tuple[dict[str, Any], bytearray]:
    message = protocol.receive(sock)
    if message is None:
        raise ConnectionResetError("the supervisor has gone")
    return message


def _finish(pushed: _Incoming | None) -> None:
    if pushed is not None:
        pushed.skip()


def _send_error(sock: socket.socket, error: VisemillError) -> None:
    protocol.send(sock, {"part": "error", **error.fields()})
