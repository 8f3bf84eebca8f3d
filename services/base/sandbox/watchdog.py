"""What is watched while a child is at work on a clip: its time, its memory, and whether anybody still waits for it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator

from services.base.sandbox.limits import ClipLimits

# How often a supervisor looks at the child's clock and memory while it waits.
POLL_S = 0.05


# The time limit of a clip is for one of which so much has been decoded, or less; one of more has as many times more.
_MEDIA_S = 60.0


MEMORY_RAN_OUT = "MEMORY_RAN_OUT"
"""Transient: the kernel killed the child because its pod, container or machine had no memory left."""


class ChildLost(Exception):
    """killed: by SIGKILL, which no library sends to itself. detail: what it had to say of it, such as a traceback."""

    def __init__(self, reason: str, message: str, *, killed: bool = False, detail: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.killed = killed
        self.detail = detail


class ClipWatch:
    """What may end a wait for the child: the clip's time, its memory, the caller's deadline, whoever asks to stop.

    Called while the child is waited for. waits_for: the remote stage that the child itself waits for, if any.
    """

    def __init__(
        self,
        pid: int,
        limits: ClipLimits,
        should_stop: Callable[[], bool],
        deadline_s: float | None = None,
        grace_s: float = 0.0,
    ) -> None:
        self._pid = pid
        self._limits = limits
        self._should_stop = should_stop
        self._deadline_s = deadline_s
        self._grace_s = grace_s
        self._unwanted_since_s: float | None = None
        self._time_s = limits.time_s
        self._spent_s = 0.0
        self._own_s = 0.0
        self._since_s = 0.0
        self.waits_for = ""

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Around each wait: what passes outside is somebody else's time."""
        self._since_s = time.monotonic()
        self()
        try:
            yield
        finally:
            self._spent_s += time.monotonic() - self._since_s

    def __call__(self) -> None:
        now_s = time.monotonic()
        spent_s = self._spent_s + now_s - self._since_s
        if spent_s > self._time_s:
            raise self._over_time()
        if resident_bytes(self._pid) > self._limits.memory_bytes:
            raise ChildLost("OUT_OF_MEMORY", f"it held over {self._limits.memory_bytes >> 20} MiB")
        self._end_unwanted(now_s)

    def remote(self, waits_for: str) -> None:
        """The child begins to wait for a remote stage, or ("") has its answer. A wait has a clip's time to itself."""
        self.waits_for, before_s = waits_for, self._spent_s
        self._spent_s, self._own_s = (0.0, before_s) if waits_for else (self._own_s, 0.0)

    def computed(self, seconds: float) -> None:
        """What the clip had taken of its time before it was watched."""
        self._spent_s += seconds

    def lasts(self, media_s: float) -> None:
        """So much of the clip has been decoded: what its headers claim lifts no limit."""
        self._time_s = self._limits.time_s * max(1.0, media_s / _MEDIA_S)

    def unwanted(self) -> None:
        """Nobody waits for the clip any more."""
        self._unwanted_since_s = self._unwanted_since_s or time.monotonic()

    def _end_unwanted(self, now_s: float) -> None:
        """A clip that nobody waits for may end within the grace: to start another child would take as long."""
        is_late = self._deadline_s is not None and now_s > self._deadline_s
        if self._unwanted_since_s is None and (is_late or self._should_stop()):
            self._unwanted_since_s = now_s
        if self._unwanted_since_s is None or now_s < self._unwanted_since_s + self._grace_s:
            return
        if is_late:
            raise ChildLost("DEADLINE_EXCEEDED", "the caller's deadline passed")
        raise ChildLost("STOPPED", "asked to stop before it was done: run it again")

    def _over_time(self) -> ChildLost:
        limit = f"{self._time_s:g} s"
        if self.waits_for:
            remedy = "see whether its server is well, or raise --clip-time-s"
            return ChildLost("REMOTE_TIMEOUT", f"{self.waits_for} has not answered for {limit}: {remedy}")
        return ChildLost("TIMEOUT", f"it took over {limit}")


def resident_bytes(pid: int) -> int:
    """Resident set of a process, 0 once it has gone."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123 - read 20 times a second
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
