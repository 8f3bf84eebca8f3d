"""How a text is cut before the tokenizer: East Asian characters stand alone, and all is upper-case. Pure."""

from __future__ import annotations

import re

# Hangul jamo, CJK radicals to Yi, phags-pa to Hangul syllables, compatibility forms, half-width forms, planes 2.
# Source: the ranges of NLTK's CJKChars, as IndexTTS-2 uses them.
_EAST_ASIAN = re.compile(
    "([\u1100-\u11ff\u2e80-\ua4cf\ua840-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff65-\uffdc\U00020000-\U0002ffff])"
)


def split_east_asian(text: str) -> str:
    """As in 你好 world -> 你 好 WORLD."""
    text = text.strip()
    if text.isascii():
        return text.upper()
    # Upper case comes last: a letter of one range may have its capital in another.
    return " ".join(filter(None, map(str.strip, _EAST_ASIAN.split(text)))).upper()
