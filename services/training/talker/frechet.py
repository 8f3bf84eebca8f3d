"""How far the faces that a head paints are from the real ones as a set: Fréchet distances of vectors. Pure.

The Fréchet Inception distance of Heusel et al. 2017 (https://arxiv.org/abs/1706.08500, equation 6): of two normal
distributions |m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.base.media.arrays import Float32Array, Float64Array

REAL = "picture"
_TOLD = {
    "painted": "as painted",
    "random": "random references",
    "nearest": "the references that are nearest at the rim",
    "mean": "mean crops",
}


def frechet_distance(one_NX: Float32Array, other_NX: Float32Array) -> float:
    """Of the means and covariances of two sets of vectors [N, X], of two vectors or more each; 0 for the same set.

    With centred vectors A and B, S1 = A'A / (n - 1), and the root of S1 S2 has the singular values of AB' for its
    eigenvalues, but for the divisors: exact, also where there are fewer vectors than values, and no root of a matrix
    whose rank is not full.
    """
    if min(len(one_NX), len(other_NX)) < 2:
        raise ValueError("a covariance takes two vectors or more of each set")
    (mean_X, spread_NX), (other_mean_X, other_spread_NX) = _centred(one_NX), _centred(other_NX)
    shared = float(np.linalg.svd(spread_NX @ other_spread_NX.T, compute_uv=False).sum())
    apart = float(np.square(mean_X - other_mean_X).sum())
    return max(0.0, apart + float(np.square(spread_NX).sum() + np.square(other_spread_NX).sum()) - 2 * shared)


def _centred(vectors_NX: Float32Array) -> tuple[Float64Array, Float64Array]:
    """(mean [X], vectors around it [N, X] whose products are the covariance)."""
    exact_NX = vectors_NX.astype(np.float64)
    mean_X = exact_NX.mean(axis=0)
    return mean_X, (exact_NX - mean_X) / np.sqrt(len(exact_NX) - 1)


@dataclass(frozen=True)
class FaceSets:
    """vectors: float32 [N, X] by whose faces they are of, REAL among them. weights: of the network that made them."""

    vectors: Mapping[str, Float32Array]
    weights: str


def frechet_facts(sets: FaceSets) -> dict[str, Any]:
    """JSON-able: the distance of each set from the real faces, and what it depends on; of a single face none."""
    num = len(sets.vectors.get(REAL, ()))
    distances = {name: round(frechet_distance(sets.vectors[name], sets.vectors[REAL]), 4) for name in _TOLD if num > 1}
    return {"faces": num, "weights": sets.weights, "distance": distances}


def frechet_lines(facts: dict[str, Any]) -> list[str]:
    """For people, of what `frechet_facts` gave."""
    num, weights = facts["faces"], facts["weights"]
    lines = [f"FID of {num} faces from the {num} real ones, by InceptionV3 of {weights}"]
    lines += [f"{_TOLD[name]:48}{value:8.2f}" for name, value in facts["distance"].items()]
    if facts["distance"]:
        lines.append(f"  larger the fewer faces there are: compare it with FID of {num} faces alone")
    else:
        lines.append("  it takes two faces or more: hold more out")
    if not weights.startswith("sha256:"):
        lines.append("  RANDOM WEIGHTS: this FID means nothing; export InceptionV3 with --weights")
    return lines
