"""Batches that fit: a fixed number of items at once, fewer while memory is short, and more again later."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from services.base.errors import BadInput, OutOfMemory

LOG = logging.getLogger(__name__)


class Sliceable(Protocol):
    """A list or an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: slice, /) -> Any: ...


Items = TypeVar("Items", bound=Sliceable)
Answer = TypeVar("Answer")

# Whole batches at a reduced size before twice as many items are tried, and the most that a failed try makes of it.
RECOVER_AFTER = 8
_RECOVER_AFTER_MOST = 1024


@dataclass(frozen=True)
class FittingSize:
    """How many items fit at once, as far as is known. Pure: what a success or a failure makes of it is another.

    most: what is wanted. size: what is tried now. successes: in a row at this size. patience: successes before the
    next doubling; a doubling that fails at once makes it twice as long, so that a full device is not tried for ever.
    """

    most: int
    size: int
    successes: int = 0
    patience: int = RECOVER_AFTER
    is_trial: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.size <= self.most:
            raise ValueError(f"a batch must hold from 1 to {self.most} items, not {self.size}")

    def after_success(self, num_items: int) -> FittingSize:
        """A batch of num_items fitted. Smaller ones than `size` prove nothing."""
        if num_items < self.size:
            return self
        if self.size == self.most:
            return FittingSize(self.most, self.most)
        if self.successes + 1 < self.patience:
            return replace(self, successes=self.successes + 1, is_trial=False)
        return replace(self, size=min(self.most, 2 * self.size), successes=0, is_trial=True)

    def after_failure(self, num_items: int) -> FittingSize | None:
        """A batch of num_items did not fit: half of it, or None where a single item does not."""
        if num_items <= 1:
            return None
        patience = min(2 * self.patience, _RECOVER_AFTER_MOST) if self.is_trial else self.patience
        return replace(self, size=min(self.size, num_items // 2), successes=0, patience=patience, is_trial=False)


class AdaptiveBatcher:
    """Runs batches through a model in as many pieces as memory asks for; one for all clips and threads of a process.

    A batch goes through whole unless memory forces it smaller, so what is computed together is the caller's choice
    alone.
    """

    def __init__(self, most: int, name: str = "the model") -> None:
        self._fitting = FittingSize(most, most)
        self._name = name
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Items that are tried at once now."""
        return self._fitting.size

    def run(self, call: Callable[[Items], Answer], items: Items, owner: str) -> list[Answer]:
        """Answers of the pieces, in order. items: at most `most`; owner: for messages.

        Raises BadInput OUT_OF_MEMORY when a single item does not fit, or that error's own outcome; ValueError for more
        items than `most`.
        """
        if len(items) > self._fitting.most:
            raise ValueError(f"a batch holds at most {self._fitting.most} items, not {len(items)}")
        answers: list[Answer] = []
        start = 0
        while start < len(items):
            piece = items[start : start + self._fitting.size]
            try:
                answers.append(call(piece))
            except OutOfMemory as error:
                self._shrink(len(piece), owner, error)
                continue
            with self._lock:
                self._fitting = self._fitting.after_success(len(piece))
            start += len(piece)
        return answers

    def _shrink(self, num_items: int, owner: str, error: OutOfMemory) -> None:
        with self._lock:
            smaller = self._fitting.after_failure(num_items)
            self._fitting = smaller or self._fitting
        if smaller is None and error.outcome is not None:
            raise error.outcome from error
        if smaller is None:
            raise BadInput(
                "OUT_OF_MEMORY",
                f"{owner}: one item alone does not fit into the memory that {self._name} has: give it more memory, "
                "or fewer neighbours",
                str(error),
            ) from error
        LOG.warning("%s: %d items do not fit into memory, trying %d", owner, num_items, smaller.size)
