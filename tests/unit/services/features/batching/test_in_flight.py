"""Batches on their way: several at a time, bounded, answered in the order in which they left, failing once."""

import threading

import numpy as np
import pytest

from services.base.errors import BadInput, Transient
from services.features.batching.in_flight import Answer, BatchesOfClip, Departures, Fitted, request_size


class Far:
    """A computer elsewhere. Each batch is held until `let` says so; its answer is its first pixel."""

    name, weights = "far", "seeded:0"

    def __init__(self, num_in_flight: int) -> None:
        self.num_in_flight = num_in_flight
        self.let = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)
        self.fails: set[int] = set()

    def compute(self, batch_NHWC: np.ndarray, owner: str) -> Answer:
        self.begun.release()
        self.let.acquire()
        value = int(batch_NHWC[0, 0, 0, 0])
        if value in self.fails:
            raise Transient("AWAY", f"{owner}: batch {value}")
        return Answer([np.full((len(batch_NHWC), 1), value, np.float32)], num_splits=value % 2)


def batch(value: int) -> np.ndarray:
    return np.full((2, 1, 1, 3), value, np.uint8)


def begins(far: Far, within_s: float) -> bool:
    return far.begun.acquire(timeout=within_s)


def test_the_caller_goes_on_while_batches_are_computed_and_waits_when_there_is_no_room() -> None:
    far = Far(num_in_flight=2)
    clip = BatchesOfClip(Departures(far, 2), "clip")
    clip.send(batch(0))
    clip.send(batch(1))
    assert begins(far, 60)
    assert begins(far, 60)
    third = threading.Thread(target=clip.send, args=(batch(2),))
    third.start()
    assert not begins(far, 0.05)
    far.let.release(3)
    third.join(60)
    assert clip.answers()[:, 0].tolist() == [0, 0, 1, 1, 2, 2]
    assert clip.num_splits == 1


def test_clips_share_the_room_and_get_their_own() -> None:
    far = Far(num_in_flight=2)
    departures = Departures(far, 2)
    one, other = BatchesOfClip(departures, "one"), BatchesOfClip(departures, "other")
    one.send(batch(1))
    other.send(batch(2))
    far.let.release(2)
    assert other.answers()[:, 0].tolist() == [2, 2]
    assert one.answers()[:, 0].tolist() == [1, 1]


def test_a_batch_that_fails_ends_its_clip_and_leaves_room_for_the_next() -> None:
    far = Far(num_in_flight=2)
    far.fails = {1}
    departures = Departures(far, 2)
    clip = BatchesOfClip(departures, "clip")
    clip.send(batch(0))
    clip.send(batch(1))
    far.let.release(10)
    with pytest.raises(Transient, match="clip: batch 1"):
        clip.answers()
    later = BatchesOfClip(departures, "later")
    for value in range(2, 6):
        later.send(batch(value))
    assert later.answers()[:, 0].tolist() == [2, 2, 3, 3, 4, 4, 5, 5]


def test_what_computes_here_computes_in_the_callers_thread() -> None:
    class Here:
        name, weights, num_in_flight = "here", "seeded:0", 1

        def __call__(self, frames_NHWC: np.ndarray) -> np.ndarray:
            assert threading.current_thread() is threading.main_thread()
            raise BadInput("BROKEN", "at once")

    clip = BatchesOfClip(Departures(Fitted(Here(), 2), 2), "clip")
    with pytest.raises(BadInput, match="BROKEN"):
        clip.send(batch(0))


@pytest.mark.parametrize(
    ("batch_size", "num_in_flight", "expected"), [(32, 1, 32), (32, 4, 8), (33, 4, 9), (2, 64, 1), (1, 1, 1)]
)
def test_what_is_on_its_way_is_about_a_batch(batch_size: int, num_in_flight: int, expected: int) -> None:
    size = request_size(batch_size, num_in_flight)
    assert size == expected
    assert batch_size <= size * num_in_flight
    assert size * (num_in_flight - 1) < batch_size + num_in_flight
