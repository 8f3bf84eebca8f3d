"""The user's file gives the states of a window; another graph, or none, is refused."""

from pathlib import Path

import numpy as np
import pytest
from wenet_file import write_encoder

from services.base.errors import BadConfig
from services.features.talker.wenet.encoder import WenetEncoder


def test_a_window_is_a_chunk_of_its_own(tmp_path: Path) -> None:
    encoder = WenetEncoder(Path(write_encoder(tmp_path)) / "encoder.onnx", "sha256:1")
    windows = np.random.default_rng(0).standard_normal((3, 1, 67, 80)).astype(np.float32)
    states = encoder(windows)
    assert states.shape == (3, 16, 512)
    np.testing.assert_allclose(states[:, :, :80], windows[:, 0, :16] + 100, rtol=0, atol=2e-5)


def test_another_graph_or_none_is_refused(tmp_path: Path) -> None:
    path = Path(write_encoder(tmp_path, "speech")) / "encoder.onnx"
    with pytest.raises(BadConfig, match="and the encoder takes chunk, offset, att_cache, cnn_cache"):
        WenetEncoder(path, "sha256:1")
    path.write_bytes(b"no graph")
    with pytest.raises(BadConfig, match=r"no ONNX file that onnxruntime [\d.]+ loads: copy it again"):
        WenetEncoder(path, "sha256:1")
