"""Processes that draw, and that end with the one that started them."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

import cv2

from services.base.errors import EXIT_INTERRUPTED

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


class DrawingPool:
    """num_workers processes; for one, tasks are done by the caller. To be used as a context."""

    def __init__(self, num_workers: int) -> None:
        self._num_workers = num_workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def map(self, call: Callable[[_Task], _Result], tasks: Sequence[_Task]) -> Iterator[_Result]:
        """The results in the order of tasks. Processes start with the first."""
        if self._num_workers == 1:
            return map(call, tasks)
        if self._pool is None:
            # Spawned: OpenCV's threads do not live through a fork.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._num_workers, context, _begin_worker)
        return self._pool.map(call, tasks)


def _begin_worker() -> None:
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()

    def end_with_parent() -> None:
        # A worker waits for tasks for ever where its parent was killed.
        if parent is not None:
            parent.join()
            os._exit(EXIT_INTERRUPTED)

    threading.Thread(target=end_with_parent, daemon=True).start()
