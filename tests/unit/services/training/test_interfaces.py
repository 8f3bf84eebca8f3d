"""Items and steps cannot be invalid, and are known without torch."""

import subprocess
import sys

import pytest

from services.training.interfaces import Item, Step


@pytest.mark.parametrize(("cost", "num_labels"), [(0, 1), (1, -1)])
def test_an_item_has_a_frame_and_no_fewer_than_no_labels(cost, num_labels):
    with pytest.raises(ValueError, match="1 frame or more"):
        Item("s1/a", cost, num_labels)


@pytest.mark.parametrize("micro_batches", [(), ((1,), ())])
def test_a_step_learns_from_something(micro_batches):
    with pytest.raises(ValueError, match="one micro-batch or more"):
        Step(micro_batches)


def test_plans_are_made_without_torch():
    code = "import services.training.plan, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
