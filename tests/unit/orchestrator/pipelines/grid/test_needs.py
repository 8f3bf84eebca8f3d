"""What the GRID pipeline needs of a machine: a file that is given is needed too."""

import pytest

from orchestrator.pipelines.grid.needs import needs
from orchestrator.pipelines.grid.options import GridOptions


@pytest.mark.parametrize("predictor", ["", "points.dat"])
def test_a_predictor_that_is_given_is_needed(predictor: str) -> None:
    found = {need.name: need for need in needs(GridOptions(dlib_predictor=predictor))}
    assert {"decode", "records", "landmarks mediapipe"} <= {name for name, need in found.items() if need.is_needed}
    assert found["landmarks dlib (optional)"].is_needed == bool(predictor)
