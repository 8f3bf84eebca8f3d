"""Processes that draw: results in the order of tasks, whoever did them."""

import os

import pytest
from pool_tasks import twice

from services.corpus.drawing.pool import DrawingPool


@pytest.mark.parametrize(("num_workers", "is_here"), [(1, True), (2, False)])
def test_results_come_in_the_order_of_tasks(num_workers: int, is_here: bool) -> None:
    with DrawingPool(num_workers) as pool:
        found = list(pool.map(twice, list(range(5))))
    assert [doubled for doubled, _ in found] == [0, 2, 4, 6, 8]
    assert {pid == os.getpid() for _, pid in found} == {is_here}
