"""Threads read ahead, and nobody sees it in what they read."""

import threading
from functools import partial

import pytest
from tiny_training import TinyData

from services.base.errors import BadInput, Transient
from services.training.engine.reading import micro_batch, read_ahead


@pytest.mark.parametrize("num_threads", [0, 1, 3])
def test_answers_come_in_order(num_threads):
    assert list(read_ahead((partial(lambda i: i * i, i) for i in range(50)), num_threads)) == [i * i for i in range(50)]


def test_at_most_two_answers_a_thread_wait():
    asked, before = [], set(threading.enumerate())
    answers = read_ahead((partial(lambda i: i, asked.append(i) or i) for i in range(50)), 2)
    assert next(answers) == 0 and len(asked) == 5
    begun = set(threading.enumerate()) - before
    answers.close()
    assert 1 <= len(begun) <= 2 and not begun & set(threading.enumerate())


def test_an_error_comes_where_the_answer_would_have_been():
    def fail():
        raise OSError("gone")

    answers = read_ahead([lambda: 1, fail, lambda: 3], 2)
    assert next(answers) == 1
    with pytest.raises(OSError, match="gone"):
        next(answers)


class Damaged(TinyData):
    """Of which some clips cannot be read."""

    def __init__(self, *bad: int, error: Exception | None = None) -> None:
        super().__init__()
        self._bad, self._error = set(bad), error or BadInput("CORRUPT_RECORD", "made so")

    def read(self, indices, seed_name):
        if self._bad.intersection(indices):
            raise self._error
        return super().read(indices, seed_name)


def test_what_cannot_be_read_is_left_out_of_a_micro_batch_and_the_rest_is_as_it_was():
    found = micro_batch(Damaged(3, 5), [2, 3, 4, 5], "n", (1, 2, 3))
    assert found.left_out == {"s1/3": "made so", "s1/5": "made so"}
    assert (found.indices, found.costs) == ((2, 4), (8, 10))
    expected = TinyData().read([2, 4], "n")
    assert (found.batch["frames_BTHWC"] == expected["frames_BTHWC"]).all()
    assert [half.indices for half in found.halves()] == [(2,), (4,)]


def test_a_micro_batch_may_lose_all_it_has():
    found = micro_batch(Damaged(3), [3], "n", (1,))
    assert (found.indices, found.batch, set(found.left_out)) == ((), {}, {"s1/3"})


def test_a_store_that_is_away_costs_no_clip():
    with pytest.raises(Transient):
        micro_batch(Damaged(3, error=Transient("GONE", "for a while")), [2, 3], "n", ())
