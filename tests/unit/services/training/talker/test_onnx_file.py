"""A file that is no network is refused, with what to give."""

import pytest

pytest.importorskip("onnxruntime")

from services.base.errors import BadConfig
from services.training.talker.onnx_file import OnnxFile


@pytest.mark.parametrize("content", [b"weights", None])
def test_what_onnxruntime_does_not_load_is_named(tmp_path, content):
    path = tmp_path / "a.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadConfig, match=r"--judge .*a\.onnx cannot be used .*: give a network") as found:
        OnnxFile(str(path), "--judge", "give a network")
    assert found.value.reason == "MODEL_UNREADABLE"
