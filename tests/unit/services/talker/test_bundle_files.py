"""A bundle is what its card says, or it is not opened."""

from pathlib import Path

import pytest
from head_bundle import write_bundle

from services.base.errors import BadConfig
from services.talker.bundle_files import checked_card, models_of
from services.talker.spec import HeadConfig


def test_the_network_is_known_by_its_digest(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "head")
    assert models_of(HeadConfig(bundle=str(folder))) == {
        "talker-unet": f"sha256:{checked_card(folder).digests['model']}"
    }


@pytest.mark.parametrize(
    ("file", "reason"),
    [("card.json", "BUNDLE_MISSING"), ("model.onnx", "BUNDLE_MISSING")],
)
def test_a_file_that_is_gone_is_named(tmp_path: Path, file: str, reason: str) -> None:
    folder = write_bundle(tmp_path / "head")
    (folder / file).unlink()
    with pytest.raises(BadConfig, match=file) as found:
        checked_card(folder)
    assert found.value.reason == reason


def test_another_network_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "head")
    (folder / "model.onnx").write_bytes(b"other")
    with pytest.raises(BadConfig) as found:
        checked_card(folder)
    assert found.value.reason == "BUNDLE_DAMAGED"
