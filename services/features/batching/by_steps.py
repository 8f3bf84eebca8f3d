"""Padded batches that fit into memory: rows times the longest, fewer while memory is short, and more again later."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from services.base.errors import OutOfMemory
from services.features.batching.batcher import FittingSize

LOG = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class FittingRows:
    """Runs batches of rows of several lengths in as many pieces as memory asks for; one for all batches of a process.

    A batch goes through whole unless memory forces it smaller. A row is never cut: one that does not fit by itself is
    what `alone` is for.
    """

    def __init__(self, most_steps: int) -> None:
        """most_steps: of a batch with its padding. A longer row is alone."""
        self._fitting = FittingSize(most_steps, most_steps)

    @property
    def num_steps(self) -> int:
        """Steps that are tried at once now."""
        return self._fitting.size

    def run(
        self,
        call: Callable[[Sequence[int]], Sequence[Answer]],
        alone: Callable[[int], Answer],
        lengths: Sequence[int],
        owner: str,
    ) -> tuple[list[Answer], int]:
        """An answer for each row, in their order, and how often memory broke the batch up.

        call: (places of rows) -> their answers; raises OutOfMemory. alone: of a row that does not fit by itself; raises
        what is to be raised of it. owner: for messages.
        """
        answers: dict[int, Answer] = {}
        todo = sorted(range(len(lengths)), key=lengths.__getitem__)
        num_splits = int(not self._fits(todo, lengths))
        while todo:
            piece = self._first_piece(todo, lengths)
            try:
                answers |= zip(piece, call(piece), strict=True)
            except OutOfMemory as error:
                num_splits += 1
                steps = len(piece) * lengths[piece[-1]]
                LOG.warning("%s: %d rows of %d steps do not fit into memory: %s", owner, len(piece), steps, error)
                if len(piece) > 1:
                    self._fitting = self._fitting.after_failure(steps) or self._fitting
                    continue
                answers[piece[0]] = alone(piece[0])
            else:
                self._fitting = self._fitting.after_success(self._proven(piece, todo, lengths))
            todo = todo[len(piece) :]
        return [answers[place] for place in range(len(lengths))], num_splits

    def _fits(self, rows: Sequence[int], lengths: Sequence[int]) -> bool:
        return len(rows) <= 1 or len(rows) * lengths[rows[-1]] <= self._fitting.size

    def _first_piece(self, todo: Sequence[int], lengths: Sequence[int]) -> Sequence[int]:
        num_rows = 1
        while num_rows < len(todo) and self._fits(todo[: num_rows + 1], lengths):
            num_rows += 1
        return todo[:num_rows]

    def _proven(self, piece: Sequence[int], todo: Sequence[int], lengths: Sequence[int]) -> int:
        """Steps that a piece which fitted proves to fit: as many as were tried, where another row would be too many."""
        is_full = len(piece) < len(todo)
        return self._fitting.size if is_full else len(piece) * lengths[piece[-1]]
