"""What SCRFD's numbers mean: which cell, which stride, which sides."""

import numpy as np

from services.landmarks.face.pfld.detector import candidates


def outputs_of(found: dict[tuple[int, int, int], tuple[float, tuple[float, ...]]]) -> list[np.ndarray]:
    """found: (stride, row, column) -> (score, distances in cells) of the cell's second anchor."""
    scores = [np.zeros((1, (640 // stride) ** 2 * 2, 1), np.float32) for stride in (8, 16, 32)]
    sides = [np.zeros((1, (640 // stride) ** 2 * 2, 4), np.float32) for stride in (8, 16, 32)]
    for (stride, row, column), (score, distances) in found.items():
        grid, place = (8, 16, 32).index(stride), (row * (640 // stride) + column) * 2 + 1
        scores[grid][0, place], sides[grid][0, place] = score, distances
    return [*scores, *sides]


def test_distances_are_in_cells_from_the_cells_corner_and_the_best_come_first() -> None:
    found = candidates(outputs_of({(8, 10, 20): (0.5, (1, 2, 3, 4)), (32, 3, 5): (0.75, (1, 1, 2, 2))}))
    np.testing.assert_array_equal(found, np.array([[128, 64, 224, 160, 0.75], [152, 64, 184, 112, 0.5]], np.float32))


def test_a_score_below_a_tenth_is_no_candidate_and_none_is_no_error() -> None:
    assert candidates(outputs_of({(16, 1, 1): (0.09, (1, 1, 1, 1))})).shape == (0, 5)
