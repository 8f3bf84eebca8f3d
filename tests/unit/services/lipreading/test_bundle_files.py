"""A bundle is opened where its files are what its card says."""

from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.lipreading.bundle_files import bundle_here, models_of, open_bundle
from services.lipreading.spec import LipreadingConfig


def test_a_bundle_whose_files_are_not_what_its_card_says_is_refused(bundle: Path) -> None:
    config = LipreadingConfig(bundle=str(bundle))
    assert models_of(config)["grid-ctc"].startswith("sha256:")
    (bundle / "tokenizer.json").write_text('{"idx2char": {"0": "b", "1": "a", "2": "<blank>"}}')
    with pytest.raises(BadConfig) as refused:
        open_bundle(config)
    assert refused.value.reason == "BUNDLE_DAMAGED"


def test_no_bundle_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as refused:
        open_bundle(LipreadingConfig(bundle=str(tmp_path / "none")))
    assert refused.value.reason == "BUNDLE_MISSING"


def test_a_network_that_a_server_holds_need_not_be_here(bundle: Path) -> None:
    here, there = (
        LipreadingConfig(bundle=str(bundle), **settings)  # type: ignore[arg-type]
        for settings in ({}, {"backend": "triton", "triton": "host:8001"})
    )
    models = models_of(here)
    (bundle / "model.onnx").unlink()
    assert models_of(there) == models and open_bundle(there).characters == "ab"
    with pytest.raises(BadConfig, match="BUNDLE_DAMAGED"):
        open_bundle(here)


def test_a_bundle_of_a_store_is_copied_for_as_long_as_it_is_used(bundle: Path) -> None:
    config = LipreadingConfig(bundle=f"file://{bundle}")
    assert models_of(config) == models_of(LipreadingConfig(bundle=str(bundle)))
    with bundle_here(config) as local:
        copy = Path(local.bundle)
        assert copy != bundle and open_bundle(local).characters == "ab"
    assert not copy.exists()


def test_a_network_that_a_server_holds_stays_in_the_store(bundle: Path) -> None:
    there = LipreadingConfig(bundle=f"file://{bundle}", backend="triton", triton="host:8001")
    (bundle / "model.onnx").unlink()
    with bundle_here(there) as local:
        assert sorted(path.name for path in Path(local.bundle).iterdir()) == ["card.json", "tokenizer.json"]
    with pytest.raises(BadConfig, match=r"BUNDLE_MISSING.*model\.onnx"):
        models_of(LipreadingConfig(bundle=f"file://{bundle}"))


def test_a_bundle_of_a_store_that_is_not_what_its_card_says_is_refused(bundle: Path) -> None:
    (bundle / "model.onnx").write_bytes(b"another")
    with pytest.raises(BadConfig, match="BUNDLE_DAMAGED"):
        models_of(LipreadingConfig(bundle=f"file://{bundle}"))
