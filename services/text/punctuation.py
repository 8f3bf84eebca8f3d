"""Punctuation of many scripts, mapped to the little that the tokenizer's model knows. Pure.

Each map is applied in one pass from left to right, where of several keys that begin alike the one listed first wins:
so "，，，" becomes three commas and never an ellipsis, and what a replacement gives is not replaced again. Source: the
tables of IndexTTS-2's text front end, and for Ethiopic those of its Amharic fork.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_QUOTES = '“”"‘’（）()《》【】[]'
_BASE: dict[str, str] = {
    **dict.fromkeys("：；;，", ","),
    "。": ".",
    "！": "!",
    "？": "?",
    "\n": " ",
    "·": "-",
    "、": ",",
    **dict.fromkeys(("...", ",,,", "，，，", "……"), "…"),
    **dict.fromkeys(_QUOTES, "'"),
    **dict.fromkeys("—～~", "-"),
    **dict.fromkeys("「」", "'"),
    ":": ",",
}
_AMHARIC = {"።": ".", "፣": ",", "፤": ";", "፥": ":", "፦": ":", "፧": "?", "፨": "!", "፡": " "}


class PunctuationMap:
    """A table of replacements. mapped(text) -> the text with each replaced, in one pass."""

    def __init__(self, replacements: Mapping[str, str]) -> None:
        self._replacements = dict(replacements)
        self._pattern = re.compile("|".join(map(re.escape, self._replacements)))

    def mapped(self, text: str) -> str:
        return self._pattern.sub(lambda found: self._replacements[found.group()], text)


BASE: Final = PunctuationMap(_BASE)
CHINESE: Final = PunctuationMap({"$": "."} | _BASE)
AMHARIC: Final = PunctuationMap(_AMHARIC | _BASE)
