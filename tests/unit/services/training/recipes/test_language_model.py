import hashlib
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.lips.language_model.arpa import arpa_file
from services.lips.language_model.settings import LanguageModelSettings
from services.lips.language_model.witten_bell import witten_bell
from services.training.recipes import language_model
from services.training.recipes.language_model import used_model


def test_it_is_read_with_its_digest(tmp_path: Path) -> None:
    data = arpa_file(witten_bell(["你好"], 2))
    (tmp_path / "lm.arpa").write_bytes(data)
    found = used_model(LanguageModelSettings(lm=str(tmp_path / "lm.arpa"), lm_bonus=0.5), ["<pad>", "你", "好"])
    assert found.digests == {"lm": hashlib.sha256(data).hexdigest()}
    assert found.fusion is not None and found.fusion.told == "language model of order 2, weight 0.5, bonus 0.5"


def test_none_is_none() -> None:
    assert used_model(LanguageModelSettings(), "ab") == (None, {})


def test_one_that_is_not_there_or_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = LanguageModelSettings(lm=str(tmp_path / "lm.arpa"))
    with pytest.raises(BadConfig, match=r"--lm .*cannot be read"):
        used_model(settings, "ab")
    (tmp_path / "lm.arpa").write_bytes(b"x" * 100)
    monkeypatch.setattr(language_model, "MOST_BYTES", 10)
    with pytest.raises(BadConfig, match="there is no"):
        used_model(settings, "ab")
