"""What is removed from every text before a language is chosen: odd spaces and speaker tags. Pure."""

from __future__ import annotations

import re

# No-break and ideographic spaces, which `str.split` of other tools may not split at.
_SPACES = str.maketrans({"\u3000": " ", "\u00a0": " "})
_SPEAKER_TAG = re.compile(r"^\s*(?:speaker|spk)\s*\d+\s*[:：]\s*", re.IGNORECASE)
_AMHARIC_SPEAKER_TAG = re.compile(r"^\s*(?:speaker|spk|ተናጋሪ)\s*\d+\s*[:：]\s*", re.IGNORECASE)


def clean_text(text: str) -> str:
    """The text that a manifest stores: no speaker tag ("Speaker 3:", "spk 1：") in front, plain spaces, none outside.

    Cleaning twice gives what cleaning once gives, so a tag that another tag uncovers goes too; the original leaves it.
    """
    text = text.translate(_SPACES).strip()
    while (shorter := without_speaker_tag(text)) != text:
        text = shorter
    return text


def without_speaker_tag(text: str) -> str:
    """Without one tag in front and without spaces outside; spaces inside are left as they are."""
    return _SPEAKER_TAG.sub("", text.strip(), count=1).strip()


def without_amharic_speaker_tag(text: str) -> str:
    """As `without_speaker_tag`, where the tag may be the Amharic word for a speaker."""
    return _AMHARIC_SPEAKER_TAG.sub("", text.strip(), count=1).strip()
