"""How much of many texts a tokenizer knows: characters of all texts, unknown tokens of an even sample of each language.

Grammars that read numbers out take milliseconds a text, where the rest takes microseconds. So a sampled text passes a
grammar only where it would have unknown tokens without it, and of such texts only some.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.text.cleaning import clean_text
from services.text.coverage.sample import EvenSample, thinned
from services.text.languages import detect
from services.text.normalization import WITH_GRAMMARS, Normalizer
from services.text.tokenizer import Encoded, Tokenizer

_NUM_CODE_POINTS = 0x110000
_HELD_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class Unknown:
    """A character that the tokenizer does not know, and how often the texts have it."""

    character: str
    count: int


@dataclass(frozen=True)
class LanguageCoverage:
    """What of a language's texts is unknown.

    language: whose rules they are normalised by. num_texts, num_characters, num_unknown_characters, unknown: of all
    texts, the most frequent character first. num_sampled, num_tokens, num_unknown_tokens: of the texts that were
    encoded. num_read_out: of these, how many by a grammar, in the place of num_doubtful.
    """

    language: str
    num_texts: int
    num_characters: int
    num_unknown_characters: int
    unknown: tuple[Unknown, ...]
    num_sampled: int
    num_tokens: int
    num_unknown_tokens: int
    num_doubtful: int = 0
    num_read_out: int = 0

    @property
    def unknown_share(self) -> float:
        """Unknown tokens, 0..1 of all tokens of the sample."""
        return self.num_unknown_tokens / self.num_tokens if self.num_tokens else 0.0

    @property
    def estimated_tokens(self) -> float:
        """Of all texts, by the sample."""
        return self.num_tokens * self.num_texts / self.num_sampled if self.num_sampled else 0.0


def overall_share(languages: list[LanguageCoverage]) -> float:
    """Unknown tokens, 0..1 of all tokens, where each language counts by its number of tokens."""
    tokens = sum(one.estimated_tokens for one in languages)
    unknown = sum(one.estimated_tokens * one.unknown_share for one in languages)
    return unknown / tokens if tokens else 0.0


@dataclass
class _Texts:
    sample: EvenSample[str]
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(_NUM_CODE_POINTS, np.int64))
    held: list[str] = field(default_factory=list)
    num_held: int = 0

    def add(self, text: str) -> None:
        self.sample.add(text)
        self.held.append(text)
        self.num_held += len(text)
        if self.num_held >= _HELD_CHARACTERS:
            self.count_held()

    def count_held(self) -> None:
        codes = np.frombuffer("".join(self.held).encode("utf-32-le", "surrogatepass"), np.uint32)
        counts = np.bincount(codes)
        self.counts[: len(counts)] += counts
        self.held, self.num_held = [], 0


class CoverageMeter:
    """add(text) for each text, then languages(). Memory does not grow with the number of texts.

    language: whose rules all texts are normalised by; None: each by its script, as a run does.
    """

    def __init__(self, tokenizer: str, language: str | None, *, most_sampled: int, most_read_out: int) -> None:
        self._fast = Tokenizer(tokenizer, Normalizer(with_grammars=False))
        self._whole = Tokenizer(tokenizer)
        self._language = language
        self._most_sampled, self._most_read_out = most_sampled, most_read_out
        self._texts: dict[str, _Texts] = {}
        self.num_empty = 0

    @property
    def vocab_size(self) -> int:
        return self._whole.vocab_size

    def add(self, text: str) -> None:
        text = clean_text(text)
        if not text:
            self.num_empty += 1
            return
        language = self._language or detect(text)
        if (texts := self._texts.get(language)) is None:
            texts = self._texts[language] = _Texts(EvenSample(self._most_sampled))
        texts.add(text)

    def languages(self) -> list[LanguageCoverage]:
        """Of each language that a text has, the one with most texts first."""
        found = [self._measured(language, texts) for language, texts in self._texts.items()]
        return sorted(found, key=lambda one: (-one.num_texts, one.language))

    def _measured(self, language: str, texts: _Texts) -> LanguageCoverage:
        texts.count_held()
        tokens = 0
        doubtful = []
        for text in texts.sample.items:
            encoded = self._fast.encode(text, language)
            if encoded.num_unknown:
                doubtful.append((text, encoded))
            else:
                tokens += len(encoded.ids_N)
        chosen = doubtful
        if language in WITH_GRAMMARS:
            texts_read_out = thinned(doubtful, self._most_read_out)
            chosen = [(text, self._whole.encode(text, language)) for text, _ in texts_read_out]
        weight = len(doubtful) / len(chosen) if chosen else 1.0
        seen = "".join(self._fast.unknown_of(encoded) for _, encoded in chosen)
        tokens += round(weight * sum(len(encoded.ids_N) for _, encoded in chosen))
        unknown_tokens = round(weight * sum(encoded.num_unknown for _, encoded in chosen))
        unknown = self._unknown(language, texts.counts, set(seen))
        return LanguageCoverage(
            language,
            num_texts=texts.sample.num_seen,
            num_characters=int(texts.counts.sum()),
            num_unknown_characters=sum(one.count for one in unknown),
            unknown=unknown,
            num_sampled=len(texts.sample.items),
            num_tokens=tokens,
            num_unknown_tokens=unknown_tokens,
            num_doubtful=len(doubtful),
            num_read_out=len(chosen) if language in WITH_GRAMMARS else 0,
        )

    def _unknown(self, language: str, counts: npt.NDArray[np.int64], seen: set[str]) -> tuple[Unknown, ...]:
        """Characters that stay unknown. seen: in texts that were encoded: a sign such as $ may be read out beside a
        number and not alone, so where grammars are, signs count only if they were seen.
        """
        found = []
        for code in np.flatnonzero(counts):
            character = chr(code)
            if not self._encoded_alone(character, language).num_unknown:
                continue
            is_letter = unicodedata.category(character)[0] in "LM"
            if is_letter or language not in WITH_GRAMMARS or seen.intersection((character, character.upper())):
                found.append(Unknown(character, int(counts[code])))
        return tuple(sorted(found, key=lambda one: (-one.count, one.character)))

    def _encoded_alone(self, character: str, language: str) -> Encoded:
        # A text of one character is encoded as it stands; two of it pass the rules.
        return self._fast.encode(character * 2, language)
