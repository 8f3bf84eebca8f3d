"""Distances of sets are those of normal distributions whose means and covariances are known."""

import json

import numpy as np
import pytest

from services.training.talker.frechet import FaceSets, frechet_distance, frechet_facts, frechet_lines


def drawn(num: int, mean_X: np.ndarray, root_XX: np.ndarray, seed: int = 1) -> np.ndarray:
    """Vectors [N, X] whose own mean is mean_X and whose own covariance is root_XX @ root_XX.T, exactly."""
    noise_NX = np.random.default_rng(seed).standard_normal((num, len(mean_X)))
    white_NX, _ = np.linalg.qr(noise_NX - noise_NX.mean(axis=0))
    return white_NX * np.sqrt(num - 1) @ root_XX.T + mean_X


def test_a_set_is_at_no_distance_from_itself() -> None:
    some = np.random.default_rng(0).random((30, 200)).astype(np.float32)
    assert frechet_distance(some, some) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(some, some[::-1]) == pytest.approx(0, abs=1e-9)


def test_what_is_moved_is_as_far_as_its_mean() -> None:
    some = np.random.default_rng(0).random((30, 200))
    assert frechet_distance(some, some + 0.5) == pytest.approx(200 * 0.25)


def test_independent_values_differ_by_their_deviations() -> None:
    one, other = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 0.5])
    means = np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, -1.0])
    found = frechet_distance(drawn(40, means[0], np.diag(one)), drawn(70, means[1], np.diag(other), seed=2))
    assert found == pytest.approx(np.square(means[0] - means[1]).sum() + np.square(one - other).sum())


def test_covariances_that_do_not_commute_have_the_root_of_their_product() -> None:
    one, other = np.array([[2.0, 0.0], [1.0, 1.0]]), np.array([[1.0, 1.5], [0.0, 0.5]])
    product = one @ one.T @ other @ other.T
    # Of two values: Tr M^(1/2) = (Tr M + 2 det(M)^(1/2))^(1/2).
    root_trace = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    expected = np.trace(one @ one.T) + np.trace(other @ other.T) - 2 * root_trace
    zero = np.zeros(2)
    assert frechet_distance(drawn(25, zero, one), drawn(25, zero, other, seed=2)) == pytest.approx(expected)


def test_a_single_vector_has_no_covariance() -> None:
    with pytest.raises(ValueError, match="two vectors or more"):
        frechet_distance(np.zeros((1, 4), np.float32), np.zeros((3, 4), np.float32))


def sets(num: int, weights: str = "sha256:ab") -> FaceSets:
    real = np.random.default_rng(0).random((num, 8)).astype(np.float32)
    moved = {"painted": 0.5, "random": 0.0, "nearest": 1.0, "mean": 2.0}
    return FaceSets({"picture": real, **{way: real + by for way, by in moved.items()}}, weights)


def test_distances_are_told_with_how_many_faces_and_whose_weights() -> None:
    facts = frechet_facts(sets(10))
    assert json.loads(json.dumps(facts)) == facts
    assert facts == {
        "faces": 10,
        "weights": "sha256:ab",
        "distance": {"painted": 2.0, "random": 0.0, "nearest": 8.0, "mean": 32.0},
    }
    lines = frechet_lines(facts)
    assert "10 faces" in lines[0] and "sha256:ab" in lines[0] and "10 faces alone" in lines[-1]
    assert any(line.startswith("as painted") and line.endswith("2.00") for line in lines)


def test_random_weights_and_too_few_faces_are_said() -> None:
    assert "RANDOM WEIGHTS" in frechet_lines(frechet_facts(sets(10, "seeded:0")))[-1]
    for few in (sets(1), FaceSets({}, "sha256:ab")):
        facts = frechet_facts(few)
        assert facts["distance"] == {} and "two faces or more" in frechet_lines(facts)[-1]
