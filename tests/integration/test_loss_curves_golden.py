"""The losses of a lipreader's first steps are those that they were (tests/golden/make_loss_curves.py)."""

import importlib.util
import json
from pathlib import Path

import pytest

MAKER = Path(__file__).parents[1] / "golden" / "make_loss_curves.py"


@pytest.mark.parametrize(
    ("name", "falls"),
    [
        ("tiny", 4),
        ("chinese-lips-conformer", 2),
        ("chinese-lips-conformer with pinyin", 2),
        ("chinese-lips-lstm", 1.1),
    ],
)
def test_the_first_steps_of_a_lipreader_are_as_stored(name: str, falls: float) -> None:
    spec = importlib.util.spec_from_file_location("make_loss_curves", MAKER)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    stored = json.loads(made.CURVES.read_text())[name]
    assert len(stored) == made.NUM_STEPS
    assert stored[-1] < stored[0] / falls
    assert made.losses_of(name) == pytest.approx(stored, abs=1e-3)
