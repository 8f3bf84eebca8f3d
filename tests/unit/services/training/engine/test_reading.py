"""Threads read ahead, and nobody sees it in what they read."""

import threading
from functools import partial

import pytest

from services.training.engine.reading import read_ahead


@pytest.mark.parametrize("num_threads", [0, 1, 3])
def test_answers_come_in_order(num_threads):
    assert list(read_ahead((partial(lambda i: i * i, i) for i in range(50)), num_threads)) == [i * i for i in range(50)]


def test_at_most_two_answers_a_thread_wait():
    asked = []
    answers = read_ahead((partial(lambda i: i, asked.append(i) or i) for i in range(50)), 2)
    assert next(answers) == 0 and len(asked) == 5
    answers.close()
    assert threading.active_count() < 20


def test_an_error_comes_where_the_answer_would_have_been():
    def fail():
        raise OSError("gone")

    answers = read_ahead([lambda: 1, fail, lambda: 3], 2)
    assert next(answers) == 1
    with pytest.raises(OSError, match="gone"):
        next(answers)
