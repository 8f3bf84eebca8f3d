"""Whether an align fits its clip: it can be read, it says something, and it says what the clip's name spells. Pure."""

from __future__ import annotations

from orchestrator.listing import Problem
from services.base.errors import BadInput
from services.records.align import parse_align, stem_matches


def check_align(utterance_id: str, align_path: str, data: bytes) -> list[Problem]:
    """Problems of one align: BAD_ALIGN, NO_WORDS or ALIGN_OF_ANOTHER_CLIP. utterance_id: the clip's stem.

    Stems that are not GRID's spell nothing and are not compared.
    """
    try:
        words = parse_align(data).words
    except BadInput as error:
        return [Problem(align_path, error.reason, error.message)]
    if not words:
        message = "it holds silence only: fetch the clip's align again, or delete the clip"
        return [Problem(align_path, "NO_WORDS", message)]
    if stem_matches(utterance_id, words) is False:
        message = (
            f"it says {' '.join(words)!r}, which is not what the name {utterance_id!r} spells: fetch the right align"
        )
        return [Problem(align_path, "ALIGN_OF_ANOTHER_CLIP", message)]
    return []
