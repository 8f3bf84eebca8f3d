"""The four answers to a failure; the exception's class decides what happens next.

BadInput quarantines one clip, BadConfig ends the run, BadShard ends one shard, Transient is tried again.
Anything else is a bug of ours: exit 70, a counted retry, and a traceback.
"""

from __future__ import annotations

import re
from typing import ClassVar

EXIT_OK = 0
EXIT_QUARANTINED = 3
EXIT_USAGE = 64
EXIT_BAD_SHARD = 65
EXIT_BUG = 70
EXIT_TRANSIENT = 75
EXIT_BAD_CONFIG = 78
EXIT_INTERRUPTED = 130

_REASON = re.compile(r"[A-Z][A-Z0-9_]*")


class VisemillError(Exception):
    """Base of the four classes.

    reason: a stable UPPER_CASE code that tools match on (`OPEN_FAILED`, `NO_FACE`, `TIMEOUT`).
    message: for people: the value, the rule and the remedy.
    detail: the failing library's last message, if any.
    logs: where there is more to read, as whoever executes a run sets it: a folder, or the command that shows them.
    """

    kind: ClassVar[str] = "BUG"
    exit_code: ClassVar[int] = EXIT_BUG
    grpc_status: ClassVar[str] = "INTERNAL"
    logs: str = ""

    def __init__(self, reason: str, message: str, detail: str = "") -> None:
        if not _REASON.fullmatch(reason):
            raise ValueError(f"reason {reason!r} must be UPPER_CASE words joined by '_'")
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
        self.detail = detail

    def fields(self) -> dict[str, str]:
        """What another process is told of it, as JSON."""
        return {"kind": self.kind, "reason": self.reason, "message": self.message, "detail": self.detail}


class BadInput(VisemillError):
    """This clip will never work: quarantine it and go on."""

    kind = "BAD_INPUT"
    exit_code = EXIT_QUARANTINED
    grpc_status = "INVALID_ARGUMENT"


class BadConfig(VisemillError):
    """This run will never work: stop, and say what to change."""

    kind = "BAD_CONFIG"
    exit_code = EXIT_BAD_CONFIG
    grpc_status = "FAILED_PRECONDITION"


class BadShard(VisemillError):
    """Too many clips of this shard were quarantined."""

    kind = "BAD_SHARD"
    exit_code = EXIT_BAD_SHARD
    grpc_status = "FAILED_PRECONDITION"


class Transient(VisemillError):
    """Nothing is wrong with the work: try again later."""

    kind = "TRANSIENT"
    exit_code = EXIT_TRANSIENT
    grpc_status = "UNAVAILABLE"


class OutOfMemory(Exception):
    """A batch did not fit into the memory of the device or server; a smaller one may, so that it is no answer yet.

    outcome: what it is where a single item does not fit either; None: that item's own fault.
    """

    def __init__(self, message: str = "", outcome: VisemillError | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome


BY_KIND: dict[str, type[VisemillError]] = {c.kind: c for c in (BadInput, BadConfig, BadShard, Transient)}
BY_EXIT_CODE = {c.exit_code: c for c in BY_KIND.values()}


def from_kind(kind: str, reason: str, message: str, detail: str = "") -> VisemillError:
    """The error that crossed a process or network boundary as (kind, reason, message, detail)."""
    return BY_KIND.get(kind, VisemillError)(reason, message, detail)
