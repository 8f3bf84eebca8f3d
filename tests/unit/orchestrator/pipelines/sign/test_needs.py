"""What the sign pipeline needs of a machine: weights that are given are needed too."""

import pytest

from orchestrator.pipelines.sign.needs import needs
from orchestrator.pipelines.sign.options import SignOptions


@pytest.mark.parametrize("weights", ["", "weights.pth"])
def test_weights_that_are_given_are_needed_by_what_reads_them(weights: str) -> None:
    found = {need.name: need.is_needed for need in needs(SignOptions(iv3_weights=weights))}
    assert {"decode", "signfiles", "keypoints"} <= {name for name, is_needed in found.items() if is_needed}
    assert found["features torch (optional)"] == bool(weights) and not found["features onnxruntime (optional)"]
