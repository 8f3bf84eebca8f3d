"""What a lost child is attributed to: nothing while it may have been another clip, then the clip itself."""

from __future__ import annotations

from services.base.errors import BadInput, Transient, VisemillError
from services.base.sandbox.watchdog import MEMORY_RAN_OUT, ChildLost

# What ends a clip without being its fault.
_NOT_ITS_FAULT = ("DEADLINE_EXCEEDED", "REMOTE_TIMEOUT", "STOPPED", MEMORY_RAN_OUT)
# Of those, what nobody has brought about.
_NOT_WANTED = ("DEADLINE_EXCEEDED", "STOPPED")
_TOO_MUCH = ("OUT_OF_MEMORY", "REMOTE_TIMEOUT", MEMORY_RAN_OUT)


def is_too_much_for_two(reason: str) -> bool:
    """Whether two clips in a child may have brought a loss about together: the next two would, too."""
    return reason in _TOO_MUCH


def attribute_failure(
    key: str, lost: ChildLost, stderr_tail: str, *, num_tries: int, is_last: bool, held_two: bool
) -> VisemillError | None:
    """What a loss means to the clip that was waited for; None: it is to be tried again, alone in a fresh child.

    num_tries: those made. is_last: no more can be made. held_two: the child held another clip beside it.
    """
    if lost.reason in _NOT_ITS_FAULT and (is_last or not held_two or lost.reason in _NOT_WANTED):
        return Transient(lost.reason, f"{key}: {lost.message}")
    if not is_last:
        return None
    if lost.reason == "INTERNAL_ERROR":
        detail = "\n".join(text for text in (stderr_tail, lost.detail) if text)
        return VisemillError(lost.reason, f"{lost.message}: please report it, with the traceback", detail)
    again = ", and again in a fresh process" if num_tries > 1 else ""
    message = f"{key}: {lost.message}{again}; {_remedy(lost.reason)} if it is a good clip"
    return BadInput(lost.reason, message, stderr_tail)


def _remedy(reason: str) -> str:
    """The flags of the limit that a lost clip was over, or may have been over."""
    flag = {"TIMEOUT": "--clip-time-s", "OUT_OF_MEMORY": "--clip-memory-mib"}.get(reason)
    return f"raise {flag}" if flag else "raise --clip-time-s and --clip-memory-mib"
