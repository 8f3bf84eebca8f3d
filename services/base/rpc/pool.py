"""Children that the threads of a server borrow: what a call computes, it computes in one of them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from services.base.errors import Transient, VisemillError
from services.base.process import metrics
from services.base.rpc.interceptor import current_call
from services.base.sandbox.supervisor import PassChild, Stages
from services.base.stage.clip_pass import Part
from services.base.stage.spec import ClipJob
from services.base.stage.stream import NO_STREAMS, Chunk, Info

# Starts in a row that fail before the pool as a whole is unwell: one alone may be bad luck.
NUM_STARTS = 3


class Child(Protocol):
    """What a servicer needs of a PassChild."""

    def run(
        self,
        job: ClipJob,
        *,
        want: Collection[str] = NO_STREAMS,
        timeout_s: float | None = None,
        given: Mapping[str, Any] | None = None,
        pushed: Iterator[Chunk] | None = None,
        info: Info | None = None,
    ) -> Iterator[Part]: ...


class Children(Protocol):
    """What a servicer needs of a ChildPool."""

    def borrow(self, timeout_s: float, stages: Stages | None = None) -> AbstractContextManager[Child]: ...


def execute(
    children: Children,
    stages: Stages,
    job: ClipJob,
    *,
    want: Collection[str] = NO_STREAMS,
    given: Mapping[str, Any] | None = None,
    pushed: Iterator[Chunk] | None = None,
    info: Info | None = None,
) -> Iterator[Part]:
    """Parts of one clip's pass in a borrowed child, within the time of the call that this thread serves.

    given: artifacts by name that the caller has sent; their stages do not run. To be read to its end: a child
    whose parts are left unread is killed.
    """
    call = current_call()
    with children.borrow(call.remaining_s(), stages) as child:
        yield from child.run(job, want=want, timeout_s=call.remaining_s(), given=given, pushed=pushed, info=info)


class ChildPool:
    """A fixed number of children that threads borrow; what a server's concurrency is."""

    def __init__(self, make: Callable[[], PassChild], num_children: int) -> None:
        if num_children < 1:
            raise ValueError(f"a pool needs at least 1 child, not {num_children}")
        self._all = [make() for _ in range(num_children)]
        self._free = list(self._all)
        self._changed = threading.Condition()
        self._has_started = self._is_closed = False
        self._num_failed_starts = 0
        self._failure: VisemillError | None = None
        # Called when so many starts in a row have failed.
        self.on_trouble: Callable[[], object] = lambda: None
        for child in self._all:
            child.on_start = self._note_start

    def start(self) -> None:
        """Starts every child. Raises what a stage cannot be opened for."""
        for child in self._all:
            child.start()
        self._has_started = True

    def check(self) -> None:
        """Starts the children that have ended; the first time, all. Raises what NUM_STARTS starts in a row failed with.

        A child that a clip has cost is no trouble while another can be started.
        """
        if not self._has_started:
            self.start()
            return
        with self._changed:
            ended = [child for child in self._free if not child.is_running]
            self._free = [child for child in self._free if child.is_running]
        try:
            for child in ended:
                self._revive(child)
        finally:
            with self._changed:
                self._free += ended
                self._changed.notify_all()
        if self._num_failed_starts >= NUM_STARTS and self._failure is not None:
            raise Transient(
                "CHILDREN_DO_NOT_START",
                f"the last {self._num_failed_starts} starts of a child failed, the last one with "
                f"{self._failure}; the server's log has more",
                self._failure.detail,
            )

    def _revive(self, child: PassChild) -> None:
        for _ in range(NUM_STARTS):
            if self._is_closed:
                return
            with contextlib.suppress(VisemillError):
                child.revive()
                return

    def _note_start(self, error: VisemillError | None) -> None:
        with self._changed:
            self._num_failed_starts = 0 if error is None else self._num_failed_starts + 1
            self._failure = error
            is_enough = self._num_failed_starts == NUM_STARTS
        if is_enough:
            self.on_trouble()

    @contextlib.contextmanager
    def borrow(self, timeout_s: float, stages: Stages | None = None) -> Iterator[PassChild]:
        """A free child. Raises Transient SERVER_BUSY when none gets free in time.

        stages: what it must hold, instead of whatever it does; one that holds them already is preferred.
        """
        with metrics.CALLS_WAITING.track_inprogress():
            child = self._take(timeout_s, stages)
        metrics.CHILDREN_BUSY.inc()
        try:
            if stages is not None:
                child.rebind(stages)
            yield child
        finally:
            metrics.CHILDREN_BUSY.dec()
            with self._changed:
                self._free.append(child)
                self._changed.notify()

    def _take(self, timeout_s: float, stages: Stages | None) -> PassChild:
        with self._changed:
            if not self._changed.wait_for(lambda: self._free, timeout=max(0.0, timeout_s)):
                raise Transient(
                    "SERVER_BUSY", f"all {len(self._all)} children were busy for {timeout_s:g} s: try later"
                )
            fitting = (i for i, child in enumerate(self._free) if stages is None or child.holds(stages))
            return self._free.pop(next(fitting, 0))

    def close(self) -> None:
        self._is_closed = True
        for child in self._all:
            child.close()
