"""Work on all cores, in order: results come as the items went in, and a process that dies costs a restart, no hang."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, Generic, TypeVar

from services.base.errors import Transient, VisemillError, from_kind

I = TypeVar("I")  # noqa: E741
O = TypeVar("O")  # noqa: E741

_MOST_RESTARTS = 3
# Items that wait for a free process, for each of them.
_AHEAD = 2

# submit() also starts the next process, with pipes that the executor closes once it sees that another process has died.
_DIED = (BrokenProcessPool, ValueError, OSError)

_worker: Callable[[Any], Any] | None = None


class _Context(SpawnContext):
    """Starts processes, and knows them. A fork would copy locks that threads of libraries may hold."""

    def __init__(self) -> None:
        super().__init__()
        self._made: list[SpawnProcess] = []

    def Process(self, *args: Any, **named: Any) -> SpawnProcess:  # type: ignore[override]
        self._made.append(SpawnProcess(*args, **named))
        return self._made[-1]

    def kill(self) -> None:
        """An executor that breaks ends the processes that it has, and waits for ever for one begun meanwhile."""
        for process in self._made:
            if process.pid is not None:
                process.kill()


@dataclass(frozen=True)
class _Failed:
    """An error of ours on its way out of a process: our exceptions take no part in pickling."""

    kind: str
    reason: str
    message: str
    detail: str

    def error(self) -> VisemillError:
        return from_kind(self.kind, self.reason, self.message, self.detail)


class OrderedPool(Generic[I, O]):
    """`with OrderedPool(make, (config,), 4) as pool: for result in pool.map(items): …`, a result for each item.

    make: called once in each process, gives what is called for each item; a module's own function or class. num: of
    processes; 1 works here. Raises Transient WORKER_DIED where processes die again and again, and what an item raises.
    """

    def __init__(self, make: Callable[..., Callable[[I], O]], args: tuple[Any, ...], num: int) -> None:
        self._make, self._args, self._num = make, args, num
        self._executor: ProcessPoolExecutor | None = None
        self._context = _Context()
        self.num_restarts = 0

    def __enter__(self) -> OrderedPool[I, O]:
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)

    def map(self, items: Iterable[I]) -> Iterator[O]:
        """As many results are held as twice the number of processes."""
        if self._num == 1:
            yield from map(self._make(*self._args), items)
            return
        waiting: deque[tuple[I, Future[O]]] = deque()
        for item in items:
            waiting.append((item, self._submitted(item, waiting)))
            if len(waiting) > self._num * _AHEAD:
                yield self._first(waiting)
        while waiting:
            yield self._first(waiting)

    def _first(self, waiting: deque[tuple[I, Future[O]]]) -> O:
        while True:
            try:
                result = waiting[0][1].result()
            except BrokenProcessPool:
                self._restart(waiting)
                continue
            waiting.popleft()
            if isinstance(result, _Failed):
                raise result.error()
            return result

    def _submitted(self, item: I, waiting: deque[tuple[I, Future[O]]]) -> Future[O]:
        while True:
            try:
                return self._running().submit(_work, item)
            except _DIED:
                self._restart(waiting)

    def _restart(self, waiting: deque[tuple[I, Future[O]]]) -> None:
        """New processes, and what the dead ones had not finished once more."""
        self._context.kill()
        if self.num_restarts == _MOST_RESTARTS:
            raise Transient(
                "WORKER_DIED",
                f"processes that encode texts died {_MOST_RESTARTS + 1} times, perhaps for want of memory: give fewer "
                "--workers, or free some",
            )
        self.num_restarts += 1
        assert self._executor is not None
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._executor = None
        for i, (item, future) in enumerate(waiting):
            if not future.done() or future.cancelled() or future.exception() is not None:
                waiting[i] = (item, self._tried(item))

    def _tried(self, item: I) -> Future[O]:
        """Of processes that die meanwhile, a future that says so when its turn comes."""
        try:
            return self._running().submit(_work, item)
        except _DIED:
            died: Future[O] = Future()
            died.set_exception(BrokenProcessPool())
            return died

    def _running(self) -> ProcessPoolExecutor:
        if self._executor is None:
            self._context = _Context()
            self._executor = ProcessPoolExecutor(
                self._num, mp_context=self._context, initializer=_begin, initargs=(self._make, self._args)
            )
        return self._executor


def _begin(make: Callable[..., Callable[[Any], Any]], args: tuple[Any, ...]) -> None:
    global _worker  # noqa: PLW0603 - what a process has opened lives as long as it does
    try:
        _worker = make(*args)
    except VisemillError as error:
        failed = _failed(error)
        _worker = lambda _: failed  # noqa: E731


def _work(item: Any) -> Any:
    assert _worker is not None
    try:
        return _worker(item)
    except VisemillError as error:
        return _failed(error)


def _failed(error: VisemillError) -> _Failed:
    return _Failed(error.kind, error.reason, error.message, error.detail)
