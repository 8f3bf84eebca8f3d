"""Whether a server can do its work: what it needs is checked again and again, and whoever asks is told what is missing.

What a server needs may come later (a bucket, a model, a Triton server), so that is no reason to end. A setting that can
never become right is.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.base.errors import BadConfig, Transient, VisemillError
from services.base.process.retry import Backoff

_LOG = logging.getLogger(__name__)

RECHECK_S = 5.0
"""Between two checks while all is there."""
_BACKOFF = Backoff(first_s=0.5, most_s=10.0)
_JOIN_S = 2.0

# BadConfig about what lies outside of the process and may come, or be put right, without another command line.
_MAY_COME = frozenset(
    {
        "ACCESS_DENIED",
        "BUCKET_MISSING",
        "BUNDLE_MISSING",
        "CLOCK_SKEW",
        "DISK_FULL",
        "DLIB_PREDICTOR_MISSING",
        "FACE_LANDMARKER_MISSING",
        "MODEL_DIFFERS",
        "MODEL_MISSING",
        "NOT_READABLE",
        "NO_MODEL",
        "ROOT_MISSING",
        "WEIGHTS_MISSING",
    }
)

STARTING = Transient("STARTING", "this server is starting and loads its models: try again in a moment")

Listener = Callable[[VisemillError | None], None]


@dataclass(frozen=True)
class Need:
    """Something without which a server cannot do its work. name: for the log.

    check: returns once it is there, raises a VisemillError that says what is missing; asked over and over, quick.
    """

    name: str
    check: Callable[[], None]


def may_come(error: VisemillError) -> bool:
    """Whether what is missing may be there later, with the same command line. Pure."""
    return isinstance(error, Transient) or (isinstance(error, BadConfig) and error.reason in _MAY_COME)


def pause_after(num_failures: int, recheck_s: float = RECHECK_S) -> float:
    """Seconds to the next check: recheck_s while all is there, else doubling up to 10. Pure."""
    return _BACKOFF.pause_s(num_failures) if num_failures else recheck_s


class Readiness:
    """Checks the needs in order, in a thread of its own, and tells the listener what is missing; None: nothing is."""

    def __init__(self, needs: Sequence[Need], stopping: threading.Event, recheck_s: float = RECHECK_S) -> None:
        """stopping: set when a need can never be met, which `raise_fatal` then raises. recheck_s: as `pause_after`."""
        self._recheck_s = recheck_s
        self._needs = tuple(needs)
        self._stopping = stopping
        self._listener: Listener = lambda _: None
        self._problem: tuple[str, str] | None = None
        self._wake = threading.Condition()
        self._is_asked = self._has_ended = False
        self._has_served = False
        self._fatal: BaseException | None = None
        self._looked = threading.Event()
        self._thread = threading.Thread(target=self._run, name="readiness", daemon=True)

    def start(self, listener: Listener) -> None:
        """Begins to look."""
        self._listener = listener
        self._thread.start()

    def wait_first_look(self, poll_s: float = 0.05) -> None:
        """Returns once the needs were looked at, or when the server is to stop."""
        while not (self._looked.wait(poll_s) or self._stopping.is_set()):
            pass

    def look_now(self) -> None:
        """Has the needs looked at without a pause: somebody has met trouble."""
        with self._wake:
            self._is_asked = True
            self._wake.notify_all()

    def raise_fatal(self) -> None:
        """Raises what no waiting helps against, if that is why the server stops."""
        if self._fatal is not None:
            raise self._fatal

    def stop(self) -> None:
        """Ends the thread. Children that it has started end with it, so the calls are to be done first."""
        with self._wake:
            self._has_ended = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)

    def _run(self) -> None:
        num_failures = 0
        while not self._has_ended:
            name, error = self._look()
            if error is not None and not self._has_served and not may_come(error):
                self._fatal = error
                self._stopping.set()
                break
            self._tell(name, error)
            self._has_served = self._has_served or error is None
            num_failures = 0 if error is None else num_failures + 1
            with self._wake:
                # What was met during this look was checked, and a failing check must not ask for the next.
                self._is_asked = False
            self._looked.set()
            with self._wake:
                self._wake.wait_for(
                    lambda: self._is_asked or self._has_ended, pause_after(num_failures, self._recheck_s)
                )
                self._is_asked = False
        self._looked.set()
        # The children that were started here live for as long as this thread.
        with self._wake:
            self._wake.wait_for(lambda: self._has_ended)

    def _look(self) -> tuple[str, VisemillError | None]:
        for need in self._needs:
            try:
                need.check()
            except VisemillError as error:
                return need.name, error
            except Exception as error:  # noqa: BLE001 - a bug in a check must not leave the health as it was
                _LOG.exception("a bug in the check of %s", need.name)
                return need.name, VisemillError("INTERNAL_ERROR", f"the check of {need.name} failed: {error!r}")
        return "", None

    def _tell(self, name: str, error: VisemillError | None) -> None:
        problem = None if error is None else (name, error.reason)
        if error is not None and problem != self._problem:
            fields = {"reason": error.reason, "kind": error.kind, "detail": error.detail}
            _LOG.warning("not serving, %s: %s", name, error.message, extra={"fields": fields})
        elif error is None and self._problem is not None:
            _LOG.info("serving again" if self._has_served else "serving: all that was missing is there")
        self._problem = problem
        self._listener(error)
