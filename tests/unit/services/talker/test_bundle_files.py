"""A bundle is what its card says, or it is not opened."""

from pathlib import Path

import pytest
from head_bundle import write_bundle

from services.base.errors import BadConfig
from services.talker.bundle_files import checked_card, consent_of, models_of
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


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (None, "CONSENT_MISSING"),
        ('{"who": ["bert"], "what_for": "a test", "when": "2026-01-02"}', "CONSENT_OF_OTHERS"),
        ('{"who": ["anna"], "what_for": "a test", "when": "2020-01-02", "until": "2020-02-02"}', "CONSENT_EXPIRED"),
        ("{}", "BAD_CONSENT"),
    ],
)
def test_nobody_speaks_without_his_consent(tmp_path: Path, statement: str | None, reason: str) -> None:
    file = tmp_path / "given.json"
    if statement is not None:
        file.write_text(statement)
    with pytest.raises(BadConfig) as found:
        consent_of(str(file) if statement is not None else "", tmp_path, "anna")
    assert found.value.reason == reason


def test_the_consent_of_the_training_lies_in_the_bundle(tmp_path: Path) -> None:
    (tmp_path / "consent.json").write_text('{"who": ["anna"], "what_for": "a test", "when": "2026-01-02"}')
    assert consent_of("", tmp_path, "anna").statements[0].who == ("anna",)
