"""Borrowed children: one caller each, chosen by the stages that they hold."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from services.base.errors import Transient
from services.base.rpc.pool import ChildPool
from services.base.sandbox.supervisor import ClipLimits, PassChild

MEDIAPIPE = [("landmarks", {"backend": "mediapipe"})]
DLIB = [("landmarks", {"backend": "dlib"})]


def _pool(num_children: int, stages: list[tuple[str, Mapping[str, Any]]]) -> ChildPool:
    return ChildPool(lambda: PassChild(stages, ClipLimits()), num_children)


@pytest.fixture
def pool() -> Iterator[ChildPool]:
    made = _pool(2, MEDIAPIPE)  # type: ignore[arg-type]
    yield made
    made.close()


def test_each_borrower_has_a_child_of_its_own(pool: ChildPool) -> None:
    with pool.borrow(0) as first, pool.borrow(0) as second:
        assert first is not second


def test_when_all_are_lent_the_next_is_told_to_come_back(pool: ChildPool) -> None:
    with (
        pool.borrow(0),
        pool.borrow(0),
        pytest.raises(Transient, match="SERVER_BUSY: all 2 children"),
        pool.borrow(0.01),
    ):
        pass


def test_a_child_comes_back_after_a_failure_too(pool: ChildPool) -> None:
    for _ in range(3):
        with pytest.raises(RuntimeError), pool.borrow(0), pool.borrow(0):
            raise RuntimeError


def test_a_child_that_holds_the_stages_is_preferred(pool: ChildPool) -> None:
    with pool.borrow(0, DLIB) as other:
        assert other.holds(DLIB)
    for _ in range(3):
        with pool.borrow(0, DLIB) as child:
            assert child is other
        with pool.borrow(0, MEDIAPIPE) as child:
            assert child is not other
            assert child.holds(MEDIAPIPE)


def test_without_a_fitting_child_another_is_rebound(pool: ChildPool) -> None:
    with pool.borrow(0, DLIB) as first, pool.borrow(0, DLIB) as second:
        assert first.holds(DLIB)
        assert second.holds(DLIB)


def test_whoever_names_no_stages_takes_a_child_as_it_is(pool: ChildPool) -> None:
    with pool.borrow(0) as child:
        assert child.holds(MEDIAPIPE)


def test_configs_are_compared_by_value() -> None:
    child = PassChild([("decode", {"max_frames": 0})], ClipLimits())
    assert child.holds([("decode", {"max_frames": 0})])
    assert not child.holds([("decode", {"max_frames": 1})])
    assert not child.holds([("decode", {"max_frames": 0}), ("landmarks", {})])


def test_a_pool_of_none_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 child"):
        _pool(0, [])
