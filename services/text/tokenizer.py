"""A SentencePiece model over normalised text: text in, ids out. The one home of sentencepiece."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sentencepiece

from services.base.errors import BadConfig
from services.base.media.arrays import Int32Array
from services.text.normalization import Normalizer
from services.text.scripts import split_east_asian


@dataclass(frozen=True)
class Encoded:
    """A text's ids.

    ids_N: int32, of 0 to vocab_size-1. num_unknown: how many of them are the unknown token; `Tokenizer.unknown_of`
    names the characters that it stands for. given: the text as the model has seen it.
    """

    ids_N: Int32Array
    num_unknown: int = 0
    given: str = ""


class Tokenizer:
    """Normalises and encodes. No start or end token is added: trainers add theirs.

    Raises BadConfig (MODEL_MISSING, MODEL_UNREADABLE) for a file that is no SentencePiece model.
    """

    def __init__(self, path: str | Path, normalizer: Normalizer | None = None) -> None:
        try:
            model = Path(path).read_bytes()
        except OSError as error:
            raise BadConfig(
                "MODEL_MISSING", f"the tokenizer {path} cannot be read ({error.strerror}): name a SentencePiece model"
            ) from error
        self._model = sentencepiece.SentencePieceProcessor()
        try:
            if not model:
                raise RuntimeError("it is empty")
            self._model.LoadFromSerializedProto(model)
        except (RuntimeError, OSError) as error:
            raise BadConfig(
                "MODEL_UNREADABLE", f"the tokenizer {path} is no SentencePiece model ({error}): name another file"
            ) from error
        self.sha256 = hashlib.sha256(model).hexdigest()
        self.vocab_size: int = self._model.vocab_size()
        self._unknown_id: int = self._model.unk_id()
        self.normalizer = normalizer or Normalizer()

    def pieces_text(self, text: str, language: str | None = None) -> str:
        """The text as the model sees it."""
        return pieces_text(self.normalizer, text, language)

    def encode(self, text: str, language: str | None = None) -> Encoded:
        """Empty for an empty text. Never raises for a text, whatever its characters: a lone surrogate is unknown."""
        if not text:
            return Encoded(np.zeros(0, np.int32))
        given = _without_surrogates(self.pieces_text(text, language))
        ids: list[int] = self._model.encode(given)
        return Encoded(np.array(ids, np.int32), ids.count(self._unknown_id), given)

    def unknown_of(self, encoded: Encoded) -> str:
        """The characters that the unknown token stands for, sorted. It takes as long as to encode."""
        if not encoded.num_unknown:
            return ""
        pieces = self._model.encode(encoded.given, return_type="proto").pieces
        surfaces = (piece.surface for piece in pieces if piece.id == self._unknown_id)
        return "".join(sorted(set("".join(surfaces))))


def _without_surrogates(text: str) -> str:
    """A lone surrogate has no UTF-8; the replacement character stands for it, one a byte that it would have."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def pieces_text(normalizer: Normalizer, text: str, language: str | None) -> str:
    """A text as a model sees it. A single character is given to it as it stands, as in the original."""
    if len(text.strip()) == 1:
        return text
    return split_east_asian(normalizer.normalized(text, language))
