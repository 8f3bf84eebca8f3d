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

    ids_N: int32, of 0 to vocab_size-1. num_unknown: how many of them are the unknown token. unknown: the characters
    that it stands for.
    """

    ids_N: Int32Array
    num_unknown: int = 0
    unknown: str = ""


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
        self.normalizer = normalizer or Normalizer()

    def pieces_text(self, text: str, language: str | None = None) -> str:
        """The text as the model sees it."""
        return pieces_text(self.normalizer, text, language)

    def encode(self, text: str, language: str | None = None) -> Encoded:
        """Empty for an empty text. Never raises for a text, whatever its characters: a lone surrogate is unknown."""
        if not text:
            return Encoded(np.zeros(0, np.int32))
        given = self.pieces_text(text, language)
        # A lone surrogate has no UTF-8; the replacement character stands for it.
        given = given.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        ids_N = np.asarray(self._model.encode(given), np.int32)
        unknown_id = self._model.unk_id()
        num_unknown = int((ids_N == unknown_id).sum())
        return Encoded(ids_N, num_unknown, self._unknown_of(given) if num_unknown else "")

    def _unknown_of(self, given: str) -> str:
        pieces = self._model.encode(given, return_type="proto").pieces
        unknown_id = self._model.unk_id()
        return "".join(sorted({character for piece in pieces if piece.id == unknown_id for character in piece.surface}))


def pieces_text(normalizer: Normalizer, text: str, language: str | None) -> str:
    """A text as a model sees it. A single character is given to it as it stands, as in the original."""
    if len(text.strip()) == 1:
        return text
    return split_east_asian(normalizer.normalized(text, language))
