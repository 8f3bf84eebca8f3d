"""Which language's rules a text is normalised by: the one that was named, else what its script says. Pure."""

from __future__ import annotations

import re
from typing import Final

from services.base.media.tokens import RULES_OF

_ETHIOPIC = re.compile(r"[\u1200-\u139f\u2d80-\u2ddf\uab00-\uab2f]")
# Hiragana, katakana with its extensions and half-width forms, marks of iteration and lengthening, Japanese quotes.
_JAPANESE = re.compile(r"[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f々〆〜〝〞〟]")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_LATIN = re.compile(r"[a-zA-Z]")
_EMAIL = re.compile(r"[a-zA-Z0-9]+@[a-zA-Z0-9]+\.[a-zA-Z]+\n?")

_INITIALS = "[bpmfdtnlgkhjqxzcsryw]|[zcs]h"
_FINALS = (
    "[aeiouüv]|[ae]i|u[aio]|ao|ou|i[aue]|[uüv]e|[uvü]ang?|uai|[aeiuv]n|[aeio]ng|ia[no]|i[ao]ng"
)  # fmt: skip
# A syllable of pinyin with its tone as a digit, 5 being the neutral one: xuan4, jve2, ying1. Not beta1, voice2.
_TONE = re.compile("[1-5]")
PINYIN_WITH_TONE: Final = re.compile(rf"(?<![a-z])((?:{_INITIALS})?(?:{_FINALS})|ng|er)([1-5])", re.IGNORECASE)


def hint_of(name: str) -> str | None:
    """The rules that a data set's name for its language asks for; None where none are known by it."""
    return RULES_OF.get(name.strip().lower())


def detect(text: str) -> str:
    """am, ja, zh or en. Text without a Latin letter (digits, Arabic, Cyrillic), an e-mail address and pinyin with tones
    are zh, as in the original: the Chinese rules leave what they do not know as it is.
    """
    if not text.isascii():
        if _ETHIOPIC.search(text):
            return "am"
        if _JAPANESE.search(text):
            return "ja"
        if _CHINESE.search(text):
            return "zh"
    if not _LATIN.search(text) or _EMAIL.fullmatch(text) or has_pinyin(text):
        return "zh"
    return "en"


def has_pinyin(text: str) -> bool:
    """Whether a syllable with its tone stands there. Without a digit none can, which is quick to see."""
    return _TONE.search(text) is not None and PINYIN_WITH_TONE.search(text) is not None
