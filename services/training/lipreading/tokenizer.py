"""The characters that a decoder with attention writes, and their file `tokenizer.json`. Pure.

Ids and file are those of the Chinese-LiPS baseline: four marks, then the characters of the training text by code point.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.base.errors import BadConfig
from services.lips.bundle import MARKS

PAD, SOS, EOS, UNK = range(len(MARKS))


@dataclass(frozen=True)
class Tokenizer:
    """characters: ids 4, 5, ...; ascending by code point, so that none is there twice. Raises ValueError."""

    characters: str

    def __post_init__(self) -> None:
        if list(self.characters) != sorted(set(self.characters)):
            raise ValueError(f"characters ascend by code point, each of them once: {self.characters!r}")

    @property
    def vocabulary_size(self) -> int:
        return len(MARKS) + len(self.characters)

    def encode(self, text: str, max_length: int = 200) -> tuple[int, ...]:
        """<sos>, ids of the text, <eos>; cut to max_length ids, the last still <eos>. Raises ValueError below 2."""
        if max_length < 2:
            raise ValueError(f"max_length is {max_length}: <sos> and <eos> take 2")
        ids = {character: i for i, character in enumerate(self.characters, len(MARKS))}
        return (SOS, *(ids.get(one, UNK) for one in text[: max_length - 2]), EOS)

    def decode(self, ids: Sequence[int]) -> str:
        """The text before the first <eos>; <pad> and <sos> are dropped, <unk> is written as such. Raises ValueError for
        an id that it lacks.
        """
        ids = ids[: ids.index(EOS)] if EOS in ids else ids
        unknown = sorted({i for i in ids if not 0 <= i < self.vocabulary_size})
        if unknown:
            raise ValueError(f"ids must be 0..{self.vocabulary_size - 1}, not {unknown}")
        return "".join((*MARKS, *self.characters)[i] for i in ids if i > EOS)

    def outside(self, texts: Iterable[str]) -> Counter[str]:
        """How often each character that it lacks stands in the texts."""
        known = set(self.characters)
        return Counter(one for text in texts for one in text if one not in known)

    @property
    def digest(self) -> str:
        """sha256 of the file, hexadecimal."""
        return hashlib.sha256(tokenizer_file(self)).hexdigest()


def tokenizer_of(texts: Iterable[str]) -> Tokenizer:
    """Of the characters of the training text: punctuation, Latin letters and blanks are among them."""
    return Tokenizer("".join(sorted(set().union(*texts))))


def tokenizer_file(tokenizer: Tokenizer) -> bytes:
    """tokenizer.json: char2idx, idx2char, vocab_size; indented by 2, UTF-8."""
    ids = {one: i for i, one in enumerate((*MARKS, *tokenizer.characters))}
    fields = {"char2idx": ids, "idx2char": {str(i): one for one, i in ids.items()}, "vocab_size": len(ids)}
    return json.dumps(fields, indent=2, ensure_ascii=False).encode()


def read_tokenizer(data: bytes) -> Tokenizer:
    """Of a tokenizer.json, whoever wrote it. Raises BadConfig BAD_TOKENIZER."""
    try:
        fields = json.loads(data)
        entries = [(one, int(i)) for one, i in fields["char2idx"].items()]
        back = {int(i): one for i, one in fields["idx2char"].items()}
        size = int(fields["vocab_size"])
        in_order = [one for one, _ in sorted(entries, key=lambda entry: entry[1])]
        if (
            dict(enumerate(in_order)) != back
            or len(in_order) != size
            or dict(entries) != {one: i for i, one in enumerate(in_order)}
        ):
            raise ValueError("char2idx, idx2char and vocab_size do not tell the same")
        if tuple(in_order[: len(MARKS)]) != MARKS or any(len(one) != 1 for one in in_order[len(MARKS) :]):
            raise ValueError(f"ids 0 to 3 are {', '.join(MARKS)}, and each other id is one character")
        return Tokenizer("".join(in_order[len(MARKS) :]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadConfig(
            "BAD_TOKENIZER", f"tokenizer.json cannot be read ({error}): delete it, and it is made of the training text"
        ) from error


def require_fresh(kept: Tokenizer, texts: Iterable[str]) -> None:
    """That a tokenizer kept from before is that of the training text. Raises BadConfig TOKENIZER_STALE."""
    made = tokenizer_of(texts)
    if kept == made:
        return
    new = sorted(set(made.characters) - set(kept.characters))
    gone = sorted(set(kept.characters) - set(made.characters))
    raise BadConfig(
        "TOKENIZER_STALE",
        f"tokenizer.json lacks {len(new)} characters of the training text ({''.join(new[:10])}) and has {len(gone)} "
        f"({''.join(gone[:10])}) that it lacks: train in a new folder, or delete it and what was trained by it",
    )
