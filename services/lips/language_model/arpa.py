"""N-grams of characters as an ARPA file, as SRILM and KenLM write it: log10 of probabilities and of back-off factors,
a token a character. Pure.

A blank is the token `<space>`, which is how it is written here, or `▁`. `<s>`, `</s>` and `<unk>` (or `<UNK>`) are
what they are elsewhere.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from typing import NoReturn

from services.base.errors import BadConfig
from services.lips.language_model.n_grams import (
    END,
    MARKS,
    MOST_N_GRAMS,
    MOST_ORDER,
    START,
    UNKNOWN,
    ZERO_LOG10,
    NGrams,
)

MOST_BYTES = 1 << 29
_LEAST_LOG10, _MOST_FACTOR_LOG10 = 10 * ZERO_LOG10, -10 * ZERO_LOG10
_BLANK = "▁"
_TOKENS = {"<s>": START, "</s>": END, "<unk>": UNKNOWN, "<UNK>": UNKNOWN, "<space>": _BLANK}
_WRITTEN = str.maketrans({START: "<s>", END: "</s>", UNKNOWN: "<unk>", _BLANK: "<space>"})
_COUNT = re.compile(r"ngram[ \t]+([0-9]{1,4})[ \t]*=[ \t]*([0-9]{1,12})", re.ASCII)
_BLANKS = re.compile(r"[ \t]+")
_GZIP = b"\x1f\x8b"


def arpa_file(n_grams: NGrams) -> bytes:
    """The file, its n-grams in the order of their code points; the same n-grams are the same bytes."""
    by_order: list[list[str]] = [[] for _ in range(n_grams.order)]
    for key in n_grams.log10_probs:
        by_order[len(key) - 1].append(key)
    lines = ["\\data\\", *(f"ngram {n}={len(keys)}" for n, keys in enumerate(by_order, 1))]
    for n, keys in enumerate(by_order, 1):
        lines += ["", f"\\{n}-grams:"]
        for key in sorted(keys):
            tokens = " ".join(key.replace(" ", _BLANK)).translate(_WRITTEN)
            back_off = n_grams.back_offs.get(key)
            tail = "" if back_off is None else f"\t{back_off:.7f}"
            lines.append(f"{n_grams.log10_probs[key]:.7f}\t{tokens}{tail}")
    return ("\n".join([*lines, "", "\\end\\"]) + "\n").encode()


def arpa_of(data: bytes, name: str = "the language model") -> NGrams:
    """The n-grams of a file. name: of it, for messages, which say the line.

    Raises BadConfig BAD_LANGUAGE_MODEL for what is no such file, for tokens of more than one character, and for more
    bytes, orders or n-grams than there may be.
    """
    if data.startswith(_GZIP):
        raise _bad(f"{name} is compressed by gzip: unpack it first (gunzip)")
    if len(data) > MOST_BYTES:
        raise _bad(f"{name} has {len(data):,} bytes, and {MOST_BYTES:,} are the most: prune it, or make a lower order")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _bad(f"{name}, line {line}: no UTF-8 ({error.reason}): write it anew in UTF-8") from error
    return _Reading(text, name).n_grams()


class _Reading:
    """The lines of a file, and where it is in them."""

    def __init__(self, text: str, name: str) -> None:
        self._name, self._at = name, 0
        self._probs: dict[str, float] = {}
        self._back_offs: dict[str, float] = {}
        for mark in MARKS:
            if mark in text:
                self._at = text.count("\n", 0, text.index(mark)) + 1
                self._fail(f"the control character {mark!r} is no token", "take it out of the texts")
        # All at once: there are a million of them.
        for token, character in _TOKENS.items():
            text = text.replace(token, character)
        # Not splitlines: what it takes for ends of lines may be tokens.
        self._lines = text.split("\n")

    def n_grams(self) -> NGrams:
        counts = self._counts()
        for n, count in enumerate(counts, 1):
            self._section(n, count, len(counts))
        if self._next_filled() != "\\end\\":
            self._fail("here must be \\end\\", "the file was cut, or has more orders than \\data\\ says: write it anew")
        if END not in self._probs:
            self._fail("there is no 1-gram </s>, so that texts could not end", "write it anew with ends of sentences")
        return NGrams(len(counts), self._probs, self._back_offs)

    def _counts(self) -> list[int]:
        """Of each order, as the head says."""
        for line in self._rest():
            if line == "\\data\\":
                break
        else:
            self._fail("there is no \\data\\ before this", "give an ARPA file, as `visemill lm`, KenLM or SRILM write")
        counts: list[int] = []
        for line in self._rest():
            found = _COUNT.fullmatch(line)
            if found is None:
                if line:
                    self._at -= 1
                    break
                continue
            if int(found[1]) != len(counts) + 1:
                self._fail(f"order {found[1]} stands behind {len(counts)}", "orders are 1, 2, 3, …: write it anew")
            counts.append(int(found[2]))
            if len(counts) > MOST_ORDER:
                self._fail(f"more orders than {MOST_ORDER}", "make one of a lower order")
            if sum(counts) > MOST_N_GRAMS:
                self._fail(f"more than {MOST_N_GRAMS:,} n-grams", "prune it, or make one of a lower order")
        if not counts:
            self._fail("\\data\\ has no line such as ngram 1=30", "write it anew")
        return counts

    def _section(self, n: int, count: int, order: int) -> None:
        if self._next_filled() != f"\\{n}-grams:":
            self._fail(f"here must be \\{n}-grams:", "the counts in \\data\\ are others, or the file was cut")
        probs, back_offs, before = self._probs, self._back_offs, len(self._probs)
        length, blanks = 2 * n - 1, " " * (n - 1)
        # A million of them: what is as it should be is taken here, and looked at again where it is not.
        for line in self._rest():
            fields = line.split("\t")
            if len(fields) < 2 or len(fields[1]) != length:
                if not line:
                    continue
                if line[0] == "\\":
                    self._at -= 1
                    break
                fields = self._columns(line, n)
            key = fields[1][::2]
            if " " in key or fields[1][1::2] != blanks or len(fields) > 3:
                self._fail_tokens(line, n)
            if _BLANK in key:
                key = key.replace(_BLANK, " ")
            try:
                prob, back_off = float(fields[0]), float(fields[2]) if len(fields) == 3 else 0.0
            except ValueError:
                prob = back_off = math.nan
            if not (_LEAST_LOG10 <= prob <= 0 and -_MOST_FACTOR_LOG10 <= back_off <= _MOST_FACTOR_LOG10):
                self._fail(
                    f"log10 of a probability is 0 or less, and of a factor finite, not as in {_shown(line)!r}",
                    f"write {ZERO_LOG10:g} for a probability of 0",
                )
            if key in probs:
                self._fail(f"{_shown(fields[1])!r} stands there twice", "keep one of them")
            probs[key] = prob
            if back_off and n < order:
                back_offs[key] = back_off
        if (found := len(probs) - before) != count:
            self._fail(f"before this are {found} {n}-grams, and \\data\\ says {count}", "the file was cut or changed")

    def _columns(self, line: str, n: int) -> list[str]:
        """(probability, tokens with a blank between, maybe the factor) where the columns are parted otherwise."""
        fields = _BLANKS.split(line.strip(" \t"))
        if len(fields) not in (n + 1, n + 2) or any(len(token) != 1 for token in fields[1 : n + 1]):
            self._fail_tokens(line, n)
        return [fields[0], " ".join(fields[1 : n + 1]), *fields[n + 1 :]]

    def _fail_tokens(self, line: str, n: int) -> NoReturn:
        self._fail(
            f"{_shown(line)!r} has no {n} tokens of one character each between its numbers",
            "make the model of characters: part the texts into such, composed (NFC), with <space> for a blank",
        )

    def _rest(self) -> Iterator[str]:
        for line in itertools.islice(self._lines, self._at, None):
            self._at += 1
            yield line.rstrip("\r\t ")

    def _next_filled(self) -> str:
        return next((line.strip() for line in self._rest() if line.strip()), "")

    def _fail(self, what: str, remedy: str) -> NoReturn:
        raise _bad(f"{self._name}, line {max(1, self._at)}: {what}; {remedy}")


def _shown(text: str) -> str:
    """The beginning of it, about as it stands in the file."""
    return text[:60].translate(_WRITTEN)


def _bad(message: str) -> BadConfig:
    return BadConfig("BAD_LANGUAGE_MODEL", message)
