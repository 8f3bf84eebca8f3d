"""The process that holds a lease, and whether it still lives."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Owner:
    """A process that holds a lease. boot, namespace, started: what tells whether pid still means that process."""

    run: str
    host: str
    pid: int
    since: str
    boot: str = ""
    namespace: str = ""
    started: str = ""

    @classmethod
    def this_process(cls, run: str) -> Owner:
        since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
        return cls(run, socket.gethostname(), os.getpid(), since, *_here(), _start_of(os.getpid()))

    def lives(self) -> bool | None:
        """Whether the process still runs; None where that cannot be seen: another machine, boot or container."""
        if not self.boot or (self.boot, self.namespace) != _here():
            return None
        return _start_of(self.pid) == self.started

    def __str__(self) -> str:
        return f"run {self.run!r} (process {self.pid} on {self.host}, since {self.since})"


def owner_in(text: bytes) -> Owner | None:
    """The owner that a lease's note names; None if it cannot be read."""
    try:
        note = json.loads(text)
        return Owner(**{name: note[name] for name in Owner.__dataclass_fields__})
    except (ValueError, KeyError, TypeError):
        return None


def _here() -> tuple[str, str]:
    """This boot of this machine, and the namespace in which its process ids count; empty where there is no /proc."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip(), str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return "", ""


def _start_of(pid: int) -> str:
    """When the process started, in clock ticks since boot; empty if it is gone, or dead and waits for its parent."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
