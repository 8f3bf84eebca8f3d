"""Each East Asian character stands alone, and everything is upper-case."""

import pytest

from services.text.scripts import split_east_asian


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("你好世界是 hello world 的中文", "你 好 世 界 是 HELLO WORLD 的 中 文"),
        ("カナ", "カ ナ"),
        ("한국", "한 국"),
        ("ﾊﾝ", "ﾊ ﾝ"),
        ("𠀀a", "𠀀 A"),
        ("ሰላም ok", "ሰላም OK"),
        ("  straße  ", "STRASSE"),
        ("", ""),
    ],
)
def test_text_as_the_tokenizer_gets_it(text: str, split: str) -> None:
    assert split_east_asian(text) == split
