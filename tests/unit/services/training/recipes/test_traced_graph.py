"""A network is written as a file of named inputs and outputs, whose axes have any size where that is asked."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onnxruntime  # noqa: E402

from services.training.recipes.traced_graph import TOLERANCE, traced  # noqa: E402


class Twice(torch.nn.Module):
    def forward(self, one_BX: "torch.Tensor", other_BX: "torch.Tensor") -> "torch.Tensor":
        return 2 * one_BX + other_BX


def test_a_batch_of_another_size_is_computed_alike() -> None:
    axes = {"one": {0: "batch"}, "other": {0: "batch"}, "sum": {0: "batch"}}
    data = traced(Twice().eval(), (torch.ones(2, 3), torch.zeros(2, 3)), axes, num_inputs=2)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == ["one", "other"]
    one_BX, other_BX = np.full((5, 3), 1.5, np.float32), np.full((5, 3), 1.0, np.float32)
    (found_BX,) = session.run(["sum"], {"one": one_BX, "other": other_BX})
    assert np.abs(found_BX - 4.0).max() < TOLERANCE
