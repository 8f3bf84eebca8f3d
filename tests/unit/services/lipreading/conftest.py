"""A bundle whose network knows a mouth by its grey."""

from pathlib import Path

import pytest

pytest.importorskip("onnx")

from grey_bundle import write_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path)
