"""Text of one language as it is read out: numbers, dates and signs in words, punctuation mapped."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Any, Final, Protocol

from services.text.cleaning import without_amharic_speaker_tag, without_speaker_tag
from services.text.languages import detect
from services.text.placeholders import with_placeholders
from services.text.punctuation import AMHARIC, BASE, CHINESE

# 's is "is" after these, where it is not a genitive.
_CONTRACTION = re.compile(r"(what|where|who|which|how|t?here|it|s?he|that|this)'s", re.IGNORECASE)

WITH_GRAMMARS: Final = ("en", "zh")
"""Languages whose numbers, dates and signs a grammar reads out."""


class _ReadOut(Protocol):
    def normalize(self, text: str) -> str: ...


class Normalizer:
    """Texts as they are read out. failures: language -> how often its rules failed and the text was taken as it stood.

    Grammars are loaded for English and Chinese alone, each when the first text needs it (some 0.3 s).
    with_grammars: False leaves numbers, dates and signs as they stand, a hundred times faster; not for training.
    """

    def __init__(self, *, with_grammars: bool = True) -> None:
        self._with_grammars = with_grammars
        self._grammars: dict[str, _ReadOut] = {}
        self.failures: Counter[str] = Counter()

    def normalized(self, text: str, language: str | None = None) -> str:
        """language: en, zh, ja, am, another code (no rules but punctuation), or None: what the script says.

        Never raises for a text, whatever its characters.
        """
        chosen = language.strip().lower() if language else detect(text)
        if chosen == "am":
            return _amharic(text)
        if chosen == "ja":
            return _japanese(text)
        if chosen == "zh":
            return self._chinese(text)
        if chosen == "en":
            return self._english(text)
        return _other(text)

    def _english(self, text: str) -> str:
        text = _CONTRACTION.sub(r"\1 is", text)
        read_out = self._read_out(text, "en")
        return _other(text) if read_out is None else BASE.mapped(read_out)

    def _chinese(self, text: str) -> str:
        kept = with_placeholders(_CONTRACTION.sub(r"\1 is", text).rstrip())
        read_out = self._read_out(kept.text, "zh")
        return CHINESE.mapped(kept.restored(kept.text if read_out is None else read_out))

    def _read_out(self, text: str, language: str) -> str | None:
        """None where the grammar failed, which is counted."""
        if not self._with_grammars:
            return text
        try:
            return self._grammar(language).normalize(text)
        except ImportError:
            raise
        # A grammar is compiled code of another project: what it raises for odd text has no list.
        except Exception:  # noqa: BLE001
            self.failures[language] += 1
            return None

    def _grammar(self, language: str) -> _ReadOut:
        if language not in self._grammars:
            from wetext import Normalizer as Grammar

            options: dict[str, Any] = {"lang": language, "operator": "tn"}
            if language == "zh":
                options |= {"remove_erhua": False, "remove_interjections": False}
            self._grammars[language] = Grammar(**options)
        return self._grammars[language]


def _amharic(text: str) -> str:
    text = unicodedata.normalize("NFC", without_amharic_speaker_tag(text))
    return AMHARIC.mapped(_plain_spaces(text)).strip()


def _japanese(text: str) -> str:
    text = unicodedata.normalize("NFKC", without_speaker_tag(text))
    return BASE.mapped(_plain_spaces(text)).strip()


def _other(text: str) -> str:
    return BASE.mapped(_plain_spaces(unicodedata.normalize("NFKC", text)))


def _plain_spaces(text: str) -> str:
    """Words with one blank between them."""
    return " ".join(text.split())
