"""A clip's batches on their way through a model: in the caller's thread, or several at a time where another computes.

The next frames are decoded while a server computes the last ones.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from services.base.media.arrays import Float32Array
from services.base.sandbox.child import waiting_for
from services.base.stage.clip_pass import Pause
from services.features.backend import FeatureModel, Items
from services.features.batching.batcher import AdaptiveBatcher


def request_size(batch_size: int, num_in_flight: int) -> int:
    """Frames of a request, where batch_size frames are on their way in num_in_flight requests at most.

    So a server begins with a clip's first frames while the last ones are decoded, and what a client holds is bounded.
    """
    return -(-batch_size // num_in_flight)


@dataclass(frozen=True)
class Answer:
    """Vectors of a batch, float32 [N_i, D] each, in its order. num_splits: 1 where a lack of memory broke it."""

    pieces: list[Float32Array]
    num_splits: int = 0


class Computer(Protocol):
    """Who computes batches. name, weights, num_in_flight: as of services.features.backend.FeatureModel."""

    name: str
    weights: str
    num_in_flight: int

    def compute(self, batch_NX: Items, owner: str) -> Answer:
        """owner: the clip, for messages. Raises BadInput OUT_OF_MEMORY when a single item does not fit."""
        ...


class Fitted:
    """A model whose batches are made to fit."""

    def __init__(self, model: FeatureModel, batch_size: int) -> None:
        self.name, self.weights, self.num_in_flight = model.name, model.weights, model.num_in_flight
        self._model = model
        self._batcher = AdaptiveBatcher(batch_size, model.name)

    def compute(self, batch_NX: Items, owner: str) -> Answer:
        """As Computer; raises what the model raises, too."""
        pieces = self._batcher.run(self._model, batch_NX, owner)
        return Answer(pieces, int(len(pieces) > 1))


class Departures:
    """Where batches of all clips of a process leave from: `batch_size` frames each, a bounded number at a time."""

    def __init__(self, computer: Computer, batch_size: int) -> None:
        most = computer.num_in_flight
        self.computer = computer
        self.batch_size = batch_size
        self._room = threading.Semaphore(most)
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="batch") if most > 1 else None

    @property
    def are_far(self) -> bool:
        """Whether what has been sent is computed while the caller goes on."""
        return self._threads is not None

    def send(self, batch_NX: Items, owner: str) -> Future[Answer]:
        """The answer to come; waits for room. In the caller's thread where one at a time is all that is wanted."""
        if self._threads is None:
            here: Future[Answer] = Future()
            here.set_result(self.computer.compute(batch_NX, owner))
            return here
        if not self._room.acquire(blocking=False):
            with waiting_for(self.computer.name):
                self._room.acquire()
        there = self._threads.submit(self.computer.compute, batch_NX, owner)
        there.add_done_callback(lambda _: self._room.release())
        return there


class BatchesOfClip:
    """The batches of one clip, answered in the order in which they were sent."""

    def __init__(self, departures: Departures, owner: str) -> None:
        self._departures = departures
        self._owner = owner
        self._sent: list[Future[Answer]] = []
        self._arrived: list[Float32Array] = []
        self.num_splits = 0

    def send(self, batch_NX: Items) -> None:
        """At most `batch_size` frames. Raises what an earlier batch of the clip has failed with by now."""
        self._sent.append(self._departures.send(batch_NX, self._owner))
        while self._sent and self._sent[0].done():
            self._arrive()

    def awaited(self) -> Iterator[Pause]:
        """What `answers` would wait for, one batch after another. Raises as `send` does."""
        while self._sent:
            yield Pause(self._departures.computer.name, self._sent[0])
            wait([self._sent[0]])
            self._arrive()

    def answers(self) -> Float32Array:
        """float32 [T, D] of all frames sent, T >= 1; waits for those on their way. Raises as `send` does."""
        for _ in self.awaited():
            pass
        return np.concatenate(self._arrived).astype(np.float32, copy=False)

    def _arrive(self) -> None:
        answer = self._sent.pop(0).result()
        self.num_splits += answer.num_splits
        self._arrived += answer.pieces
