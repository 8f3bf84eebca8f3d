"""On a processor a frame has the same bits alone and beside any others, so how frames are batched decides none."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the features extra is not installed")

from services.features.opening import open_model
from services.features.ops import CPU_PIECE
from services.features.spec import FeaturesConfig

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("backend", "dtype"), [("torch", "float32"), ("torch", "bfloat16"), ("onnxruntime", "float32")]
)
def test_a_frames_bits_are_its_own_whatever_it_is_computed_with(backend: Any, dtype: Any) -> None:
    model = open_model(FeaturesConfig(backend=backend, device="cpu", dtype=dtype))
    frames_NHWC = np.random.default_rng(5).integers(0, 256, (CPU_PIECE + 3, 299, 299, 3), np.uint8)
    together = model(frames_NHWC)
    assert len({row.tobytes() for row in together}) == len(frames_NHWC), "frames that are told apart"
    alone = np.concatenate([model(frames_NHWC[i : i + 1]) for i in range(len(frames_NHWC))])
    assert alone.tobytes() == together.tobytes()
    backwards = model(np.ascontiguousarray(frames_NHWC[::-1]))[::-1]
    assert backwards.tobytes() == together.tobytes()


def test_bfloat16_keeps_the_direction_of_a_vector_and_says_its_name() -> None:
    frames_NHWC = np.random.default_rng(6).integers(0, 256, (4, 299, 299, 3), np.uint8)
    exact, fast = (open_model(FeaturesConfig(device="cpu", dtype=dtype)) for dtype in ("float32", "bfloat16"))
    a_ND, b_ND = exact(frames_NHWC), fast(frames_NHWC)
    cosines = (a_ND * b_ND).sum(1) / np.linalg.norm(a_ND, axis=1) / np.linalg.norm(b_ND, axis=1)
    assert cosines.min() > 0.999
    assert not np.array_equal(a_ND, b_ND)
    assert (exact.name, fast.name) == ("inception_v3", "inception_v3-bfloat16")
