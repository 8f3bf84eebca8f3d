"""What is removed from every text before a language is chosen: odd spaces and speaker tags. Pure."""

from __future__ import annotations

import re

# No-break and ideographic spaces, which `str.split` of other tools may not split at.
_NO_BREAK_SPACE, _IDEOGRAPHIC_SPACE = "\u00a0", "\u3000"
_SPEAKER_TAG = re.compile(r"\s*(?:speaker|spk)\s*\d+\s*[:：]\s*", re.IGNORECASE)
_AMHARIC_SPEAKER_TAG = re.compile(r"\s*(?:speaker|spk|ተናጋሪ)\s*\d+\s*[:：]\s*", re.IGNORECASE)


def clean_text(text: str) -> str:
    """The text that a manifest stores: no speaker tag ("Speaker 3:", "spk 1：") in front, plain spaces, none outside.

    Cleaning twice gives what cleaning once gives, so a tag that another tag uncovers goes too; the original leaves it.
    """
    if not text.isascii():
        # `translate` looks each character up; `replace` only searches.
        text = text.replace(_NO_BREAK_SPACE, " ").replace(_IDEOGRAPHIC_SPACE, " ")
    text = text.strip()
    while (shorter := without_speaker_tag(text)) != text:
        text = shorter
    return text


def without_speaker_tag(text: str) -> str:
    """Without one tag in front and without spaces outside; spaces inside are left as they are."""
    return _without(_SPEAKER_TAG, text)


def without_amharic_speaker_tag(text: str) -> str:
    """As `without_speaker_tag`, where the tag may be the Amharic word for a speaker."""
    return _without(_AMHARIC_SPEAKER_TAG, text)


def _without(tag: re.Pattern[str], text: str) -> str:
    text = text.strip()
    # `match` looks at the front alone, where `sub` would try each place.
    found = tag.match(text)
    return text[found.end() :].strip() if found else text
