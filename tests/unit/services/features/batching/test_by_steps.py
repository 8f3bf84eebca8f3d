"""Batches that do not fit are halved down to a row alone, once and not for ever."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.errors import BadInput, OutOfMemory
from services.features.batching.batcher import RECOVER_AFTER
from services.features.batching.by_steps import FittingRows


class Device:
    """Has room for so many steps; keeps the lengths of each batch that was tried."""

    def __init__(self, lengths: Sequence[int], room: int) -> None:
        self.lengths, self.room = lengths, room
        self.tried: list[list[int]] = []
        self.in_pieces: list[int] = []

    def call(self, places: Sequence[int]) -> list[str]:
        lengths = [self.lengths[place] for place in places]
        self.tried.append(lengths)
        if len(lengths) * max(lengths) > self.room:
            raise OutOfMemory("no room")
        return [f"row {place}" for place in places]

    def alone(self, place: int) -> str:
        self.in_pieces.append(self.lengths[place])
        return f"row {place} in pieces"

    def run(self, rows: FittingRows) -> tuple[list[str], int]:
        return rows.run(self.call, self.alone, self.lengths, "a shard")


def test_a_batch_that_fits_goes_through_whole() -> None:
    device = Device([4, 9, 2], room=27)
    assert device.run(FittingRows(27)) == (["row 0", "row 1", "row 2"], 0)
    assert device.tried == [[2, 4, 9]]


def test_a_batch_that_does_not_fit_is_halved_until_it_does() -> None:
    device = Device([10] * 8, room=20)
    answers, num_splits = device.run(FittingRows(80))
    assert answers == [f"row {i}" for i in range(8)]
    assert num_splits == 2
    assert [len(batch) for batch in device.tried] == [8, 4, 2, 2, 2, 2]


def test_one_long_row_is_computed_in_pieces_and_costs_no_other() -> None:
    device = Device([10, 50, 10], room=30)
    answers, num_splits = device.run(FittingRows(150))
    assert answers == ["row 0", "row 1 in pieces", "row 2"]
    assert num_splits == 2
    assert device.in_pieces == [50]


def test_a_row_that_fits_in_no_pieces_is_its_own_fault() -> None:
    device = Device([50], room=30)

    def never(place: int) -> str:
        raise BadInput("OUT_OF_MEMORY", f"row {place}")

    with pytest.raises(BadInput, match="OUT_OF_MEMORY"):
        FittingRows(50).run(device.call, never, device.lengths, "a shard")


def test_a_batch_keeps_the_size_that_fitted_and_grows_back() -> None:
    rows, device = FittingRows(80), Device([10] * 8, room=20)
    device.run(rows)
    assert rows.num_steps == 20
    device.room = 80
    while rows.num_steps < 80:
        device.tried.clear()
        _, num_splits = device.run(rows)
        assert num_splits == 1
        assert len(device.tried) <= RECOVER_AFTER
    device.tried.clear()
    assert device.run(rows)[1] == 0
    assert [len(batch) for batch in device.tried] == [8]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=30), st.integers(1, 400), st.integers(1, 400))
def test_every_row_has_its_answer_whatever_the_room(lengths: list[int], most: int, room: int) -> None:
    device = Device(lengths, room)
    answers, _ = device.run(FittingRows(most))
    assert [answer.split()[1] for answer in answers] == [str(i) for i in range(len(lengths))]
    assert sorted(device.in_pieces) == sorted(length for length in lengths if length > room)
