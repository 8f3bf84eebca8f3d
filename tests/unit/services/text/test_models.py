"""The tokenizer's file by path, by digest and from a store."""

import hashlib
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.text.models import models_of, tokenizer_path
from services.text.spec import TextConfig


def test_the_digest_of_the_file(small_model: Path) -> None:
    digest = hashlib.sha256(small_model.read_bytes()).hexdigest()
    assert models_of(TextConfig(str(small_model))) == {"tokenizer": f"sha256:{digest}"}
    assert models_of(TextConfig(str(small_model), digest)) == {"tokenizer": f"sha256:{digest}"}


def test_a_file_of_a_store_is_fetched_by_its_digest(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    digest = hashlib.sha256(small_model.read_bytes()).hexdigest()
    path = tokenizer_path(TextConfig(f"file://{small_model}", digest))
    assert path != small_model
    assert path.read_bytes() == small_model.read_bytes()


@pytest.mark.parametrize(
    ("config", "reason", "says"),
    [
        (TextConfig(), "MODEL_MISSING", "--tokenizer"),
        (TextConfig("/nowhere/bpe.model"), "MODEL_MISSING", "/nowhere/bpe.model is no file"),
    ],
)
def test_without_a_file_there_are_no_ids(config: TextConfig, reason: str, says: str) -> None:
    with pytest.raises(BadConfig, match=says) as refused:
        models_of(config)
    assert refused.value.reason == reason


def test_another_file_than_asked_for_is_refused(small_model: Path) -> None:
    with pytest.raises(BadConfig, match="get the right file") as refused:
        models_of(TextConfig(str(small_model), "0" * 64))
    assert refused.value.reason == "MODEL_CHANGED"
