"""On a processor a frame has the same bits alone and beside any others, so how frames are batched decides none."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the features extra is not installed")

from services.features.backend import open_model
from services.features.ops import CPU_PIECE
from services.features.spec import FeaturesConfig

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("backend", ["torch", "onnxruntime"])
def test_a_frames_bits_are_its_own_whatever_it_is_computed_with(backend: Any) -> None:
    model = open_model(FeaturesConfig(backend=backend, device="cpu"))
    frames_NHWC = np.random.default_rng(5).integers(0, 256, (CPU_PIECE + 3, 299, 299, 3), np.uint8)
    together = model(frames_NHWC)
    assert len({row.tobytes() for row in together}) == len(frames_NHWC), "frames that are told apart"
    alone = np.concatenate([model(frames_NHWC[i : i + 1]) for i in range(len(frames_NHWC))])
    assert alone.tobytes() == together.tobytes()
    backwards = model(np.ascontiguousarray(frames_NHWC[::-1]))[::-1]
    assert backwards.tobytes() == together.tobytes()
