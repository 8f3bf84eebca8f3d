"""The child that holds a stage's network, and the one thread that waits for it: clips are decoded meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from services.base.sandbox.supervisor import PassChild

Result = TypeVar("Result")


class NetworkChild:
    """One thread for as long as the child may live: the kernel ends a child with the thread that has started it."""

    def __init__(self, child: PassChild) -> None:
        self.child = child
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="network")

    def start(self) -> None:
        """Raises what opening the stage raises."""
        self.submit(self.child.start).result()

    def submit(self, call: Callable[[], Result]) -> Future[Result]:
        """The call's result to come; calls are made in turn."""
        return self._thread.submit(call)

    def close(self) -> None:
        """Ends the child, after the calls that were made."""
        self.submit(self.child.close).result()
        self._thread.shutdown()
