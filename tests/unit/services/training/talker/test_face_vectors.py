"""Faces go through the file as the pictures they are; a file of something else is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_judges import inception_file, points_file

pytest.importorskip("onnxruntime")

from services.base.errors import BadConfig
from services.training.talker.face_vectors import FaceVectors


def test_faces_are_stretched_and_their_colours_are_the_right_way_round(tmp_path: Path) -> None:
    vectors = FaceVectors(inception_file(tmp_path / "i.onnx"))
    blue_green_red = np.array([10, 20, 30], np.uint8)
    found = vectors(np.tile(blue_green_red + i, (160, 160, 1)) for i in range(19))
    assert found.shape == (19, 2048) and vectors.weights == "sha256:" + "5" * 64
    assert np.allclose(found[:, :3], np.array([30, 20, 10]) + np.arange(19)[:, None], atol=1e-3)
    assert not found[:, 3:].any()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"side_px": 160}, r"it makes vectors .*160"),
        ({"num_values": 1000}, r"it makes vectors \['N', 1000\]"),
        ({"model": "semantic"}, "does not say that it is inception_v3"),
        ({"weights": ""}, "whose weights"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(BadConfig, match=rf"--inception-model .*{why}.*: give model\.onnx") as found:
        FaceVectors(inception_file(tmp_path / "i.onnx", **changes))
    assert found.value.reason == "MODEL_UNREADABLE"


def test_a_network_of_other_inputs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"it makes output \[1, 196\] of tensor\(float\)"):
        FaceVectors(points_file(tmp_path / "p.onnx"))
