"""An export is there whole, or not at all."""

from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.training.recipes.bundle_output import check_free, publish, publish_bundle


def test_a_bundle_is_a_folder_of_its_files(tmp_path: Path) -> None:
    publish_bundle(str(tmp_path / "a" / "b"), {"model.onnx": b"m", "card.json": b"c"})
    assert {path.name: path.read_bytes() for path in (tmp_path / "a" / "b").iterdir()} == {
        "model.onnx": b"m", "card.json": b"c",
    }  # fmt: skip
    with pytest.raises(BadConfig) as found:
        check_free(str(tmp_path / "a" / "b"))
    assert found.value.reason == "OUTPUT_EXISTS"


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(BadConfig) as found:
        publish(tmp_path / "file", write)
    assert found.value.reason == "NOT_SAVED" and not list(tmp_path.iterdir())
