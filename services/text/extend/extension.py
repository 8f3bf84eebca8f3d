"""A tokenizer with more pieces: those of a base model keep their ids, pieces learnt from new text come after them.

A checkpoint of the base model then needs rows for the new ids alone. IndexTTS-2's text embedding has one row more than
its tokenizer has pieces (12,001 of 12,000), so an extended model of N pieces wants N + 1 rows.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sentencepiece

from services.base.errors import BadConfig
from services.text.extend.model_file import MODEL_TYPES, NORMAL, parsed

# The longest text that SentencePiece learns from whole; a longer one is left out by it without a word.
_LONGEST_TEXT_BYTES = 65_536


@dataclass(frozen=True)
class Extension:
    """model: a serialized SentencePiece model. num_base, num_added: its pieces that were there, and that are new."""

    model: bytes
    num_base: int
    num_added: int


def extended(
    base: bytes, texts: Iterable[str], *, target_size: int, character_coverage: float = 1.0, model_type: str = "bpe"
) -> Extension:
    """The base model with pieces learnt from texts: target_size in all, neither more nor fewer.

    texts: as the tokenizer gets them (`Tokenizer.pieces_text`); pieces of lower-case text would never be met.
    model_type: how they are learnt, bpe or unigram. Raises BadConfig: MODEL_UNREADABLE, BAD_SETTING,
    NO_TEXT, TOO_FEW_PIECES.
    """
    proto = parsed(base, "the base model")
    num_base = len(proto.pieces)
    base_type = MODEL_TYPES.get(proto.trainer_spec.model_type, "unknown")
    if model_type not in LEARNT_BY or (base_type, model_type) not in _SCORES:
        takes = sorted(kind for of, kind in _SCORES if of == base_type)
        raise BadConfig(
            "BAD_SETTING",
            f"--model-type {model_type}: a base model of type {base_type} takes {' or '.join(takes) or 'none'}",
        )
    if target_size <= num_base:
        raise BadConfig("BAD_SETTING", f"--target-size {target_size} must be above the base model's {num_base} pieces")
    if not 0 < character_coverage <= 1:
        raise BadConfig("BAD_SETTING", f"--character-coverage {character_coverage} must be above 0 and at most 1")
    known = {piece.piece for piece in proto.pieces}
    learnt = [
        piece
        for piece in _learnt(texts, target_size, character_coverage, model_type)
        if piece.type == NORMAL and piece.piece not in known
    ]
    wanted = target_size - num_base
    if len(learnt) < wanted:
        raise BadConfig(
            "TOO_FEW_PIECES",
            f"--target-size {target_size} wants {wanted} new pieces and the texts have {len(learnt)}: at most "
            f"{num_base + len(learnt)}, or give more text",
        )
    lowest = min(piece.score for piece in proto.pieces)
    score_of = _SCORES[base_type, model_type]
    for rank, piece in enumerate(learnt[:wanted]):
        proto.pieces.add(piece=piece.piece, score=score_of(lowest, rank, piece.score), type=NORMAL)
    proto.trainer_spec.vocab_size = len(proto.pieces)
    return Extension(proto.SerializeToString(deterministic=True), num_base, wanted)


def _below_all(lowest: float, rank: int, score: float) -> float:
    """Of a BPE base: new merges come after all of the base's, so that what it merges stays merged the same way."""
    del score
    return lowest - 1 - rank


def _like_the_rarest(lowest: float, rank: int, score: float) -> float:
    """Of a unigram base, whose scores are logarithms of probabilities, where BPE gives ranks: each new piece is as rare
    as the base's rarest, earlier ones a little less so. A text then takes the fewest new pieces, and the base's own
    wherever they serve.
    """
    del score
    return lowest - _RANK_STEP * (rank + 1)


def _as_learnt(lowest: float, rank: int, score: float) -> float:
    """Of a unigram base and pieces learnt as one: the same scale."""
    del lowest, rank
    return score


LEARNT_BY = ("bpe", "unigram")
_RANK_STEP = 1e-4
# (type of the base, how pieces were learnt) -> (lowest score of the base, rank, score as learnt) -> score.
_SCORES: dict[tuple[str, str], Callable[[float, int, float], float]] = {
    ("bpe", "bpe"): _below_all,
    ("unigram", "bpe"): _like_the_rarest,
    ("unigram", "unigram"): _as_learnt,
}


def _learnt(texts: Iterable[str], num_pieces: int, character_coverage: float, model_type: str) -> Iterator[Any]:
    """Pieces in the order in which they were learnt."""
    out = io.BytesIO()
    given = _Counted(texts)
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(given),
            model_writer=out,
            model_type=model_type,
            vocab_size=num_pieces,
            # Fewer pieces than asked for are no error here: little text has few.
            hard_vocab_limit=False,
            character_coverage=character_coverage,
            max_sentence_length=_LONGEST_TEXT_BYTES,
            bos_id=0,
            eos_id=1,
            unk_id=2,
            pad_id=-1,
            minloglevel=2,
        )
    except RuntimeError as error:
        if not given.count:
            raise BadConfig("NO_TEXT", "no manifest holds a text to learn from: name others") from error
        raise BadConfig("BAD_SETTING", f"no tokenizer can be learnt from {given.count} texts: {error}") from error
    yield from parsed(out.getvalue(), "what was learnt").pieces


class _Counted:
    """Lines without line ends, counted as they are taken."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = texts
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        for text in self._texts:
            line = " ".join(text.split())
            if line:
                self.count += 1
                yield line
