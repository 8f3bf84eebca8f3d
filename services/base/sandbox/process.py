"""A child as a process and a socket to it: started, spoken to under a watch, ended, and what became of it."""

from __future__ import annotations

import contextlib
import contextvars
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.base.process import metrics
from services.base.process.cgroup import num_oom_kills
from services.base.process.threads import thread_environment
from services.base.sandbox import protocol
from services.base.sandbox.stderr import StderrTail
from services.base.sandbox.watchdog import MEMORY_RAN_OUT, POLL_S, ChildLost, ClipWatch


class ChildProcess:
    """One started child. Whatever it does to itself is ChildLost to whoever speaks to it."""

    def __init__(
        self,
        argv: Sequence[str],
        num_threads: int,
        environment: Mapping[str, str],
        on_frames: Callable[[int, int], None] = lambda *_: None,
    ) -> None:
        """argv: the program, to which the number of its end of the socket is appended. on_frames: hears now and then
        how many frames of the clip have been decoded, and how many its header claims (0: none).
        """
        self.on_frames = on_frames
        metrics.CHILDREN_STARTED.inc()
        self._socket, theirs = socket.socketpair()
        self._num_oom_kills = num_oom_kills()
        try:
            self._process = subprocess.Popen(
                [*argv, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={
                    **os.environ,
                    **thread_environment(num_threads),
                    "VISEMILL_LOG_FORMAT": "json",
                    **environment,
                },
                start_new_session=True,
            )
        finally:
            theirs.close()
        self._stderr = StderrTail(self._process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def hear_as(self, context: contextvars.Context) -> None:
        """From now on its warnings are of this context's clip."""
        self._stderr.context = context

    def stderr_tail(self) -> str:
        """The last lines of its standard error; all of it, once it has ended."""
        return self._stderr.tail(wait=self.has_ended)

    def send(self, watch: ClipWatch, header: Mapping[str, Any], *payload: bytes | memoryview) -> None:
        """Raises ChildLost, as the watch does or because the child has gone."""
        try:
            with watch.running():
                protocol.send(protocol.WatchedEnd(self._socket, POLL_S, watch), header, *payload)
        except OSError:
            raise self._lost() from None

    def receive(self, watch: ClipWatch) -> tuple[dict[str, Any], bytearray]:
        """Its next message, its clock and memory watched while it computes. Raises ChildLost."""
        end = protocol.WatchedEnd(self._socket, POLL_S, watch)
        while True:
            try:
                with watch.running():
                    message = protocol.receive(end)
            except (OSError, ValueError):
                message = None
            if message is None:
                raise self._lost()
            match message[0]["part"]:
                case "waits":
                    watch.remote(message[0]["for"])
                case "spent":
                    watch.computed(message[0]["seconds"])
                case "lasts":
                    watch.lasts(message[0]["media_s"])
                    self.on_frames(*message[0]["frames"])
                case _:
                    return message

    def kill(self) -> None:
        """Ends it, if it has not; nothing of it is left but its last lines."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self._socket.close()

    def _lost(self) -> ChildLost:
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return ChildLost("CLIP_CRASHED", "its process stopped answering")
        if status == -signal.SIGKILL and num_oom_kills() > self._num_oom_kills:
            message = "memory ran out around it before its own limit was reached: give the pod or container more"
            return ChildLost(MEMORY_RAN_OUT, message, killed=True)
        if status < 0:
            name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
            return ChildLost("CLIP_CRASHED", f"its process was ended by {name}", killed=-status == signal.SIGKILL)
        return ChildLost("CLIP_CRASHED", f"its process exited with {status}")
