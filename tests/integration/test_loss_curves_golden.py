"""The losses of a lipreader's first steps are those that they were (tests/golden/make_loss_curves.py)."""

import importlib.util
import json
from pathlib import Path

import pytest

MAKER = Path(__file__).parents[1] / "golden" / "make_loss_curves.py"


def test_the_first_steps_of_the_small_lipreader_are_as_stored() -> None:
    spec = importlib.util.spec_from_file_location("make_loss_curves", MAKER)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    stored = json.loads(made.CURVES.read_text())["tiny"]
    assert len(stored) == made.NUM_STEPS
    assert stored[-1] < stored[0] / 4
    assert made.tiny_losses() == pytest.approx(stored, abs=1e-3)
