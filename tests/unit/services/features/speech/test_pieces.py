"""A long sequence is computed in pieces."""

from services.features.speech.pieces import first_steps, steps_from


def test_pieces_cover_a_sequence_once() -> None:
    steps = list(range(10))
    pieces = [steps[steps_from(first, 4)] for first in first_steps(10, 4)]
    assert pieces == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert list(first_steps(0, 4)) == []
