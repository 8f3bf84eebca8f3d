"""Batches read ahead by threads, in order. What they hold depends on their names alone, not on threads.

Threads share the memory of their process: nothing is passed through /dev/shm, which is 64 MiB in most pods.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from services.base.errors import BadInput
from services.training.engine.step import MicroBatch
from services.training.interfaces import Batch, TrainingData

_AHEAD = 2

T = TypeVar("T")


def read_ahead(calls: Iterable[Callable[[], T]], num_threads: int) -> Generator[T, None, None]:
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


def micro_batch(data: TrainingData, indices: Sequence[int], seed_name: str, names: tuple[int | str, ...]) -> MicroBatch:
    """These items as read, without those that cannot be. seed_name: as of `TrainingData.read`. names: what the
    micro-batch's own randomness is drawn from. Raises BadConfig, Transient.
    """

    def read(some: Sequence[int]) -> Batch:
        return data.read(some, seed_name)

    left_out: dict[str, str] = {}
    good = tuple(indices)
    batch: Batch = {}
    try:
        batch = read(good)
    except BadInput:
        # Which of them it is, only a look at each tells.
        good = tuple(i for i in indices if _is_readable(data, i, seed_name, left_out))
        batch = read(good) if good else {}
    return MicroBatch(good, tuple(data.items[i].cost for i in good), batch, read, names, left_out)


def _is_readable(data: TrainingData, index: int, seed_name: str, left_out: dict[str, str]) -> bool:
    try:
        data.read([index], seed_name)
    except BadInput as error:
        left_out[data.items[index].key] = error.message
        return False
    return True
