"""The graph of windows answers as the user's file does chunk by chunk, for batches of any size."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from wenet_file import write_encoder

from services.base.errors import BadConfig
from services.features.talker.wenet.encoder import WenetEncoder
from services.features.talker.wenet.graph import write_graph


@pytest.mark.parametrize("num_windows", [1, 2, 9])
def test_a_batch_is_answered_as_its_windows_are(tmp_path: Path, num_windows: int) -> None:
    encoder, made = Path(write_encoder(tmp_path)) / "encoder.onnx", tmp_path / "windows.onnx"
    write_graph(encoder, made, "sha256:1")
    onnx.checker.check_model(str(made))
    windows = np.random.default_rng(num_windows).standard_normal((num_windows, 1, 67, 80)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(made), providers=["CPUExecutionProvider"])
    (states,) = session.run(["states"], {"windows": windows})
    np.testing.assert_array_equal(states, WenetEncoder(encoder, "sha256:1")(windows))
    assert session.get_modelmeta().custom_metadata_map == {"model": "wenet", "weights": "sha256:1"}


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "encoder.onnx").write_bytes(b"no graph")
    with pytest.raises(BadConfig, match=r"encoder\.onnx is no whole ONNX file"):
        write_graph(tmp_path / "encoder.onnx", tmp_path / "windows.onnx", "sha256:1")
