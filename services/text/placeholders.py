"""Parts of a Chinese text that text normalisation must leave alone: pinyin with tones, and names with dots in them.
Each is a placeholder while the rest is normalised. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from services.text.languages import PINYIN_WITH_TONE

# 克里斯托弗·诺兰, 约瑟夫·高登-莱维特
_DOTTED_NAME = re.compile(r"[\u4e00-\u9fff]+(?:[-·—][\u4e00-\u9fff]+){1,2}")
_AFTER_J_Q_X = re.compile(r"([jqx])[uü](n|e|an)*(\d)", re.IGNORECASE)


@dataclass(frozen=True)
class Placeholders:
    """A text in which parts stand as `<pinyin_a>` and `<n_a>`. restored(text) -> the text with the parts back."""

    text: str
    parts: tuple[tuple[str, str], ...]

    def restored(self, text: str) -> str:
        for placeholder, part in reversed(self.parts):
            text = text.replace(placeholder, part)
        return text


def with_placeholders(text: str) -> Placeholders:
    """Equal parts share a placeholder.

    A part is replaced wherever it stands, inside a word too, and of two that overlap the longer one first. The original
    takes them in the order of a hash, so that "an4 xuan4" has two outcomes there.
    """
    parts: dict[str, str] = {}
    text = _replaced(text, PINYIN_WITH_TONE, "pinyin", parts, correct_pinyin)
    text = _replaced(text, _DOTTED_NAME, "n", parts, str)
    return Placeholders(text, tuple(parts.items()))


def correct_pinyin(syllable: str) -> str:
    """ju4 -> JV4, xün1 -> XVN1, que2 -> QVE2: u after j, q, x is ü, which the tokenizer's model spells v."""
    if syllable[0] not in "jqxJQX":
        return syllable
    return _AFTER_J_Q_X.sub(r"\1v\2\3", syllable).upper()


def _replaced(
    text: str, pattern: re.Pattern[str], kind: str, parts: dict[str, str], restored_as: Callable[[str], str]
) -> str:
    found = dict.fromkeys(match.group() for match in pattern.finditer(text))
    for index, part in enumerate(sorted(found, key=len, reverse=True)):
        name = _free_name(kind, index, text, parts)
        parts[name] = restored_as(part)
        text = text.replace(part, name)
    return text


def _free_name(kind: str, index: int, text: str, parts: dict[str, str]) -> str:
    """<n_a> to <n_z>, <n_aa> and so on; letters alone, for digits would be read out. One that the text itself holds
    is passed over.
    """
    while True:
        letters, rest = "", index + 1
        while rest:
            rest, letter = divmod(rest - 1, 26)
            letters = chr(ord("a") + letter) + letters
        name = f"<{kind}_{letters}>"
        if name not in text and name not in parts:
            return name
        index += 1
