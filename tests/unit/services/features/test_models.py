"""Weights go by the digest of their file or by their seed, before anything is loaded."""

import hashlib
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.features.models import models_of, weights_of
from services.features.spec import FeaturesConfig

SHA256 = hashlib.sha256(b"weights").hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"weights")
    return path


def test_a_file_goes_by_its_digest(file: Path) -> None:
    assert weights_of(FeaturesConfig(weights=str(file))) == f"sha256:{SHA256}"
    assert weights_of(FeaturesConfig(weights=str(file), weights_sha256=SHA256)) == f"sha256:{SHA256}"


def test_a_file_that_is_none_of_weights_is_refused_before_anything_loads_it(file: Path) -> None:
    with pytest.raises(BadConfig, match=r"WEIGHTS_UNREADABLE: --iv3-weights .*weights\.pth is no whole state dict"):
        models_of(FeaturesConfig(weights=str(file)))


def test_a_file_that_changes_is_read_again(file: Path) -> None:
    before = weights_of(FeaturesConfig(weights=str(file)))
    file.write_bytes(b"other weights")
    assert weights_of(FeaturesConfig(weights=str(file))) != before


def test_a_file_of_another_digest_is_refused_with_both(file: Path) -> None:
    with pytest.raises(BadConfig, match=rf"WEIGHTS_CHANGED.*{SHA256}.*{'0' * 64}"):
        weights_of(FeaturesConfig(weights=str(file), weights_sha256="0" * 64))


def test_a_missing_file_is_said_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"WEIGHTS_MISSING.*or none for seeded random ones"):
        weights_of(FeaturesConfig(weights=str(tmp_path / "none.pth")))
