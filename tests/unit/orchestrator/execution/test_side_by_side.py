"""Runs of one process side by side: how many, in which order, and what ends them."""

import os
import signal
import threading

import pytest

from orchestrator.execution.side_by_side import num_at_once, side_by_side

GIB = 1 << 30


@pytest.mark.parametrize(
    ("num_runs", "num_asked", "num_cores", "memory_bytes", "expected"),
    [
        pytest.param(9, 0, 4, 64 * GIB, 4, id="one a core"),
        pytest.param(9, 0, 8, 9 * GIB, 2, id="no more than memory holds"),
        pytest.param(9, 0, 8, GIB, 1, id="one wherever memory is short"),
        pytest.param(9, 0, 4, None, 4, id="memory that nobody tells is no limit"),
        pytest.param(3, 0, 8, 64 * GIB, 3, id="no more than there are"),
        pytest.param(9, 6, 2, GIB, 6, id="as many as are asked for"),
        pytest.param(2, 6, 2, GIB, 2, id="as many as are asked for and are there"),
    ],
)
def test_so_many_run_at_once(num_runs, num_asked, num_cores, memory_bytes, expected):
    assert num_at_once(num_runs, num_asked, num_cores, memory_bytes, 4096) == expected


def test_they_run_at_the_same_time_and_begin_in_their_order():
    both = threading.Barrier(2, timeout=20)
    begun = []

    def meets(is_interrupted):
        both.wait()
        return is_interrupted()

    calls = {"a": meets, "b": meets, "c": lambda _: "last"}
    results = side_by_side(calls, 2, lambda *told: begun.append(told))
    assert (results, list(results)) == ({"a": False, "b": False, "c": "last"}, ["a", "b", "c"])
    assert {name for name, _ in begun[:2]} == {"a", "b"} and begun[2] == ("c", 3)


def test_what_one_raises_is_raised_when_all_have_ended():
    done = []

    def fails(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        side_by_side({"a": fails, "b": lambda _: done.append("b")}, 1, lambda *_: None)
    assert done == ["b"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_those_that_run_and_begins_no_other(number):
    def lasts(is_interrupted):
        os.kill(os.getpid(), number)
        while not is_interrupted():
            threading.Event().wait(0.01)
        return "ended"

    before = signal.getsignal(number)
    assert side_by_side({"a": lasts, "b": lasts}, 1, lambda *_: None) == {"a": "ended"}
    assert signal.getsignal(number) is before
