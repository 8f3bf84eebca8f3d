"""Plans that several calls wait for: the same request by the same caller is planned once at a time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor

from orchestrator.service.record import RunRecord
from services.base.errors import Transient

_NUM_PLANNERS = 4
_LOOK_S = 0.5


class Plannings:
    """Used from several threads. One that nobody waits for any more is still carried to its end."""

    def __init__(self) -> None:
        self._running: dict[Hashable, Future[RunRecord]] = {}
        self._lock = threading.Lock()
        self._is_closed = False
        self._threads = ThreadPoolExecutor(_NUM_PLANNERS, thread_name_prefix="plan")

    def result(self, key: Hashable, make: Callable[[], RunRecord], wait: Callable[[], object]) -> RunRecord:
        """What make returns, of the call under way for this key or a new one. wait: called over and over; raises to end
        the waiting. Raises Transient DRAINING, and what make raises.
        """
        with self._lock:
            planning = self._running.get(key)
            if planning is None:
                if self._is_closed:
                    raise Transient("DRAINING", "this server is shutting down: another will answer")
                planning = self._running[key] = self._threads.submit(self._made, key, make)
        while True:
            with contextlib.suppress(TimeoutError):
                return planning.result(timeout=_LOOK_S)
            wait()

    def close(self) -> None:
        """Begins no more; those that wait for a thread end with CancelledError. Returns at once."""
        with self._lock:
            self._is_closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _made(self, key: Hashable, make: Callable[[], RunRecord]) -> RunRecord:
        try:
            return make()
        finally:
            with self._lock:
                del self._running[key]
