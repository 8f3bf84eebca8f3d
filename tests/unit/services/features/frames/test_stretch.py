"""The stretch in a graph gives OpenCV's very bytes, up and down, for any size."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from services.features.frames.stretch import stretched_on_device
from services.features.ops import stretched


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 500), st.integers(1, 500), st.sampled_from([31, 64, 299]), st.integers(0, 2**32 - 1))
def test_every_pixel_is_opencvs(height_px: int, width_px: int, size_px: int, seed: int) -> None:
    frames_NHWC = np.random.default_rng(seed).integers(0, 256, (2, height_px, width_px, 3), dtype=np.uint8)
    inside = stretched_on_device(torch.from_numpy(frames_NHWC), size_px)
    assert np.array_equal(inside.numpy(), stretched(frames_NHWC, size_px))


def test_frames_of_full_hd_and_of_the_size_itself() -> None:
    for side in ((1080, 1920), (299, 299)):
        frames_NHWC = np.random.default_rng(5).integers(0, 256, (1, *side, 3), dtype=np.uint8)
        inside = stretched_on_device(torch.from_numpy(frames_NHWC), 299)
        assert np.array_equal(inside.numpy(), stretched(frames_NHWC))
