"""How a picture is laid out for a network, and what is said of a file that is none."""

from pathlib import Path

import numpy as np
import pytest

from services.base.errors import BadConfig
from services.landmarks.face.pfld.sessions import open_session, planes


def test_planes_are_the_pictures_channels_one_after_another() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    found = planes(image)
    assert (found.dtype, found.shape) == (np.float32, (1, 3, 2, 2))
    np.testing.assert_array_equal(found[0, 2], [[2, 5], [8, 11]])


def test_what_is_no_network_is_refused_with_the_remedy(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "made.onnx").write_bytes(b"none")
    with pytest.raises(BadConfig, match=r"MODEL_UNREADABLE: .*made.onnx cannot be used .*: get the real one"):
        open_session(tmp_path / "made.onnx", "get the real one")
