"""The lines of logs/training.log, as trainers of PyTorch scripts print them, and those of metrics.jsonl."""

from __future__ import annotations

import datetime
import json
import logging
import math
import time
from collections.abc import Callable, Mapping

from services.training.checkpoint.progress import Progress

LOG = logging.getLogger(__name__)


class TrainingLog:
    """Keeps its lines in the progress of the training, so that they go on after a restart. now: the local time."""

    def __init__(
        self, progress: Progress, *, quiet: bool, now: Callable[[], datetime.datetime] = datetime.datetime.now
    ) -> None:
        """quiet: of any rank but the first, whose lines nobody needs twice."""
        self._progress, self._quiet, self._now = progress, quiet, now

    def say(self, message: str, *, level: int = logging.INFO) -> None:
        """A line such as `2025-01-20 10:30:15 - INFO - Epoch 0: train_loss=4.2341`."""
        self.note(message, level=level)
        if not self._quiet:
            LOG.log(level, "%s", message)

    def announce(self, message: str) -> None:
        """To whoever watches, and not into the file. Empty: nothing."""
        if message and not self._quiet:
            LOG.info("%s", message)

    def note(self, message: str, *, level: int = logging.WARNING) -> None:
        """The same line, in the file alone: of what was said already when it was found."""
        name = logging.getLevelName(level)
        self._progress.log.append(f"{self._now():%Y-%m-%d %H:%M:%S} - {name} - {message}")

    def scores(self, epoch: int, numbers: Mapping[str, float]) -> None:
        """`Epoch 0: val_loss=3.9876, val_cer=0.4321`. epoch: from 0."""
        self.say(f"Epoch {epoch}: " + ", ".join(f"{name}={value:.4f}" for name, value in numbers.items()))

    def measure(self, **numbers: float) -> None:
        """A line of metrics.jsonl: an object of numbers; null where one is not finite."""
        plain = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        self._progress.metrics.append(json.dumps(plain))

    def epoch_metrics(self) -> list[dict[str, float | None]]:
        """Of the epoch that ended last, when its line is the newest: the numbers of its steps, and its own."""
        rows: list[dict[str, float | None]] = []
        for line in reversed(self._progress.metrics):
            row = json.loads(line)
            if rows and "epoch" in row:
                break
            rows.insert(0, row)
        return rows

    def text(self) -> bytes:
        """Of logs/training.log."""
        return _lines(self._progress.log)

    def metrics(self) -> bytes:
        """Of metrics.jsonl."""
        return _lines(self._progress.metrics)


class Rates:
    """Speeds since they were last asked for. clock: seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since_s = clock()
        self._num_items, self._waited_s = 0, 0.0

    def add(self, num_items: int, waited_s: float) -> None:
        """waited_s: for their batches to be read."""
        self._num_items += num_items
        self._waited_s += waited_s

    def take(self) -> dict[str, float]:
        """Items a second of this rank, and the share of time that it waited for them."""
        now_s = self._clock()
        passed_s = max(now_s - self._since_s, 1e-9)
        rates = {"items_per_s": self._num_items / passed_s, "waited": min(1.0, self._waited_s / passed_s)}
        self._since_s, self._num_items, self._waited_s = now_s, 0, 0.0
        return rates


def _lines(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
