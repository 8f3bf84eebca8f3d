"""Results come in order from all cores; processes that die cost a restart, and no hang."""

import functools
import operator
import os
import signal
from collections.abc import Iterator

import pytest

from services.base.errors import BadConfig, Transient
from services.text.retokenize.encoding import Encoder, EncodingConfig
from services.text.retokenize.pool import OrderedPool


@pytest.mark.parametrize("num", [1, 2])
def test_results_come_in_the_order_of_the_items(num: int) -> None:
    with OrderedPool[str, str](operator.methodcaller, ("upper",), num) as pool:
        assert list(pool.map(f"item {i}" for i in range(50))) == [f"ITEM {i}" for i in range(50)]


def test_items_are_taken_as_they_are_needed() -> None:
    taken = []

    def items() -> Iterator[str]:
        for i in range(100):
            taken.append(i)
            yield str(i)

    with OrderedPool[str, str](operator.methodcaller, ("upper",), 1) as pool:
        next(pool.map(items()))
    assert len(taken) < 10


def test_the_preprocessor_hangs_its_workers_defunct() -> None:
    """A killed process is replaced, and its items are worked on again."""

    def items() -> Iterator[int]:
        yield from (1, 2, 3)
        assert pool._executor is not None
        for process in pool._executor._processes.values():
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
        yield from range(4, 40)

    with OrderedPool[int, str](functools.partial, (format,), 2) as pool:
        assert list(pool.map(items())) == [str(i) for i in range(1, 40)]
        assert pool.num_restarts >= 1


def test_processes_that_die_of_every_item_are_an_error() -> None:
    with (
        OrderedPool[int, None](functools.partial, (os._exit,), 2) as pool,
        pytest.raises(Transient, match="fewer --workers") as died,
    ):
        list(pool.map([1, 1, 1]))
    assert died.value.reason == "WORKER_DIED"


def test_errors_of_ours_cross_with_their_class_and_reason() -> None:
    config = EncodingConfig("/nowhere.model", "/nowhere")
    with OrderedPool(Encoder, (config,), 2) as pool, pytest.raises(BadConfig, match=r"nowhere.model") as refused:
        list(pool.map([[]]))
    assert refused.value.reason == "MODEL_MISSING"
