"""Batches read ahead by threads, in order. What they hold depends on their names alone, not on threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_AHEAD = 2

T = TypeVar("T")


def read_ahead(calls: Iterable[Callable[[], T]], num_threads: int) -> Iterator[T]:
    """The answers of these calls, in their order. num_threads: each has up to two answers waiting; 0: none, each call
    is made when its answer is wanted. Raises what a call raises, where its answer would have been.
    """
    if not num_threads:
        yield from (call() for call in calls)
        return
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(num_threads, "read") as threads:
        try:
            for call in calls:
                waiting.append(threads.submit(call))
                if len(waiting) > _AHEAD * num_threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
