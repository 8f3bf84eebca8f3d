"""Whether an align fits its clip: it can be read, it says something, and it says what the clip's name spells. Pure."""

from __future__ import annotations

from orchestrator.pipelines.catalog import Problem
from services.base.errors import BadInput
from services.formats.align import parse_align, stem_matches
from services.records.grid.labels import encode_words


def check_align(utterance_id: str, align_path: str, data: bytes) -> list[Problem]:
    """Problems of one align: BAD_ALIGN, NO_WORDS, EMPTY_LABEL, WORDS_DROPPED or ALIGN_OF_ANOTHER_CLIP.

    utterance_id: the clip's stem. Stems that are not GRID's spell nothing and are not compared.
    """
    try:
        words = parse_align(data).words
    except BadInput as error:
        return [Problem(align_path, error.reason, error.message)]
    if not words:
        message = "it holds silence only: fetch the clip's align again, or leave the clip out"
        return [Problem(align_path, "NO_WORDS", message)]
    label = encode_words(words)
    if label.length == 0 or label.words_dropped:
        reason = "WORDS_DROPPED" if label.length else "EMPTY_LABEL"
        lost = ", ".join(map(repr, label.words_dropped or words))
        message = f"{lost} has no letter of a to z, and the label would lack it: spell it with letters"
        return [Problem(align_path, reason, message)]
    if stem_matches(utterance_id, words) is False:
        message = (
            f"it says {' '.join(words)!r}, which is not what the name {utterance_id!r} spells: fetch the right align"
        )
        return [Problem(align_path, "ALIGN_OF_ANOTHER_CLIP", message)]
    return []
