"""The child's side of isolation: opens the stages of a pass, then answers one clip after another."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from services.base import pipe
from services.base.clip_pass import BoundStage, ChunkPart, ClipPass
from services.base.errors import VisemillError
from services.base.media import FrameChunk, VideoInfo

_PR_SET_PDEATHSIG = 1
# Room beyond the limit on the resident set: address space that is mapped and never touched also counts here.
_SLACK_BYTES = 2 << 30

OpenStage = Callable[[str, Mapping[str, Any], str | None], BoundStage]


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
    """Serves one supervisor over an inherited socket until it closes. open_stage: (name, config, target or None)."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sock = socket.socket(fileno=fd)
    message = pipe.receive(sock)
    if message is None:
        return 0
    order = message[0]
    limit = order["memory_bytes"] + _SLACK_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        stages = [open_stage(name, config, order["remote"].get(name)) for name, config in order["stages"]]
        clip_pass = ClipPass(stages)
    except VisemillError as error:
        _send_error(sock, error)
        return error.exit_code
    pipe.send(sock, {"part": "ready"})
    while (message := pipe.receive(sock)) is not None:
        _serve_clip(sock, clip_pass, *message)
    return 0


def _serve_clip(sock: socket.socket, clip_pass: ClipPass, header: dict[str, Any], payload: bytearray) -> None:
    job, given = pipe.unpack_job(header, payload)
    del payload
    frames = _frames(sock) if header["frames"] else None
    info = VideoInfo(**header["info"]) if header.get("info") else None
    try:
        for part in clip_pass.run(job, given, want_frames=header["want_frames"], frames=frames, info=info):
            part_header, pieces = pipe.pack_part(part)
            pipe.send(sock, part_header, *pieces)
    except VisemillError as error:
        _finish(frames)
        _send_error(sock, error)
    except MemoryError:
        # What is left of the heap is not to be trusted; the supervisor starts a fresh child.
        pipe.send(sock, {"part": "error", "kind": "MEMORY", "reason": "OUT_OF_MEMORY", "message": "", "detail": ""})
        os._exit(1)
    except Exception as error:  # noqa: BLE001 - whatever a library raises costs the clip, and is told with its traceback
        _finish(frames)
        bug = VisemillError("INTERNAL_ERROR", f"{job.clip.key}: {error!r}", traceback.format_exc())
        _send_error(sock, bug)


def _frames(sock: socket.socket) -> Iterator[FrameChunk]:
    while (message := pipe.receive(sock)) is not None:
        if message[0]["part"] == "end":
            return
        part = pipe.unpack_part(*message)
        assert isinstance(part, ChunkPart)
        yield part.chunk


def _finish(frames: Iterator[FrameChunk] | None) -> None:
    """Reads what the supervisor is still sending, so that the next message is a job again."""
    for _ in frames or ():
        pass


def _send_error(sock: socket.socket, error: VisemillError) -> None:
    fields = {"kind": error.kind, "reason": error.reason, "message": error.message, "detail": error.detail}
    pipe.send(sock, {"part": "error", **fields})
