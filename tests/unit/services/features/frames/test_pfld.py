"""PFLD_GhostOne equals the original, with its branches and merged, and has the tensors of the original's checkpoint."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from services.features.frames.pfld import PfldGhostOne, merged_of  # noqa: E402

NEAR = 1e-3


@pytest.fixture(scope="module")
def golden(testdata: Path) -> Any:
    folder = testdata / "data/golden/models"
    if not (folder / "pfld_110.npz").is_file():
        pytest.skip("no data/golden/models/pfld_110.npz in the test data")
    sys.path.insert(0, str(folder))
    try:
        import fill_by_name
    finally:
        sys.path.remove(str(folder))
    return fill_by_name, np.load(folder / "pfld_110.npz")["offsets_N220"], (folder / "pfld_110.keys.txt").read_text()


@pytest.fixture(scope="module")
def tensors(golden: Any) -> Mapping[str, Any]:
    """Of the keys file, filled by name."""
    fill, _, keys = golden
    shapes = [line.rstrip("]").split(" [") for line in keys.splitlines() if not line.startswith("#")]
    sizes = {name: tuple(int(n) for n in text.split(", ") if n) for name, text in shapes}
    filled = {name: np.asarray(fill.fill(name, size, gain=0.5)) for name, size in sizes.items()}
    return {name: torch.from_numpy(value) for name, value in filled.items()}


def test_the_checkpoints_tensors_load_by_name_and_compute_what_the_original_does(
    golden: Any, tensors: Mapping[str, Any]
) -> None:
    fill, expected, _ = golden
    network = PfldGhostOne().eval()
    assert len(network.state_dict()) == len(tensors) == 2090
    assert sum(value.numel() for value in network.parameters()) == 878_304
    network.load_state_dict(dict(tensors), strict=True)
    merged = merged_of(network)
    assert len(merged.state_dict()) == 107
    assert sum(value.numel() for value in merged.parameters()) == 314_780
    images = torch.from_numpy(fill.uniform("pfld_110/image", (2, 3, 192, 192)))
    with torch.no_grad():
        for computed in (network(images), merged(images)):
            assert np.abs(computed.numpy() - expected).max() < NEAR * np.ptp(expected)
