"""A bundle is opened where its files are what its card says."""

from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.lipreading.bundle_files import models_of, open_bundle
from services.lipreading.spec import LipreadingConfig


def test_a_bundle_whose_files_are_not_what_its_card_says_is_refused(bundle: Path) -> None:
    config = LipreadingConfig(bundle=str(bundle))
    assert models_of(config)["grid-ctc"].startswith("sha256:")
    (bundle / "tokenizer.json").write_text('{"idx2char": {"0": "b", "1": "a", "2": "<blank>"}}')
    with pytest.raises(BadConfig) as refused:
        open_bundle(bundle)
    assert refused.value.reason == "BUNDLE_DAMAGED"


def test_no_bundle_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as refused:
        open_bundle(tmp_path / "none")
    assert refused.value.reason == "BUNDLE_MISSING"
