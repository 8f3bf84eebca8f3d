"""pykakasi is the user's: wired where it is there, named where it is not."""

import importlib.util
import sys
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.text.retokenize.romanization import hiragana

_FAKE = """
class kakasi:
    def convert(self, text):
        return [{"orig": c, "hira": {"日": "に", "本": "ほん"}.get(c, c)} for c in text]
"""


def test_text_in_hiragana(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pykakasi.py").write_text(_FAKE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        assert hiragana()("日本x") == "にほんx"
    finally:
        sys.modules.pop("pykakasi", None)


@pytest.mark.skipif(importlib.util.find_spec("pykakasi") is not None, reason="pykakasi is installed")
def test_where_it_is_missing_the_message_says_what_to_install() -> None:
    with pytest.raises(BadConfig, match=r"pip install pykakasi .*GPL-3.0") as refused:
        hiragana()
    assert refused.value.reason == "LIBRARY_MISSING"
