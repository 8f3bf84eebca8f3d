"""The network of a bundle paints pixels."""

from pathlib import Path

import numpy as np
import pytest
from head_bundle import write_bundle

from services.base.errors import BadConfig
from services.talker.network import open_here, to_pixels


def test_a_batch_is_painted(tmp_path: Path) -> None:
    paint = open_here(write_bundle(tmp_path / "head"), 1)
    faces = np.zeros((2, 160, 160, 3), np.uint8)
    sounds = np.stack([np.full((32, 16, 16), value, np.float32) for value in (0.2, 0.8)])
    found = paint(faces, faces, sounds)
    assert found.dtype == np.uint8 and found[:, 0, 0, 0].tolist() == [51, 204]


def test_pixels_are_rounded_and_clipped() -> None:
    assert to_pixels(np.array([-1, 0.5, 2], np.float32)).tolist() == [0, 128, 255]


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"none")
    with pytest.raises(BadConfig) as found:
        open_here(tmp_path, 1)
    assert found.value.reason == "BUNDLE_DAMAGED"
