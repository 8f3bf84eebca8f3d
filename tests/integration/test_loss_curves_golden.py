"""The losses of the first steps of a recipe's network are those that they were (tests/golden/make_loss_curves.py)."""

import importlib.util
import json
from pathlib import Path

import pytest

MAKER = Path(__file__).parents[1] / "golden" / "make_loss_curves.py"


@pytest.mark.parametrize(
    ("name", "falls", "first", "later"),
    [
        ("tiny", 2, 1e-3, 1e-3),
        ("chinese-lips-conformer", 1.9, 1e-3, 1e-3),
        ("chinese-lips-conformer with pinyin", 1.9, 1e-3, 1e-3),
        ("chinese-lips-lstm", 1.2, 1e-3, 1e-3),
        # Batch norm of a few pictures and Adam enlarge what other kernels round differently, with each step: tried
        # without oneDNN, .0035 and .016, and .0007 and .005.
        ("talker-syncnet", 1.1, 5e-3, 0.03),
        ("talker-unet", 1.08, 1e-3, 0.01),
    ],
)
def test_the_first_steps_are_as_stored(name: str, falls: float, first: float, later: float) -> None:
    """falls: the first half's mean over the second's. first, later: tolerances of four steps, and of the others."""
    spec = importlib.util.spec_from_file_location("make_loss_curves", MAKER)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    stored = json.loads(made.CURVES.read_text())[name]
    half = len(stored) // 2
    assert sum(stored[:half]) > falls * sum(stored[-half:])
    found = made.losses_of(name)
    assert found[:4] == pytest.approx(stored[:4], abs=first)
    assert found == pytest.approx(stored, abs=later)
