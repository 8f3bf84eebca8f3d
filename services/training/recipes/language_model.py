"""I/O: the language model of a test, where its settings name one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from services.base.store.named_file import pieces_of
from services.lips.language_model.arpa import MOST_BYTES, arpa_of
from services.lips.language_model.fusion import Fusion
from services.lips.language_model.settings import LanguageModelSettings


class UsedModel(NamedTuple):
    """digests: `lm` -> sha256 in hex, to stand beside a score; none where no language model takes part."""

    fusion: Fusion | None
    digests: dict[str, str]


def used_model(settings: LanguageModelSettings, classes: Sequence[str]) -> UsedModel:
    """classes: as of Fusion. Raises BadConfig NOT_READABLE, BAD_LANGUAGE_MODEL, or as a store does."""
    if not settings.lm:
        return UsedModel(None, {})
    data = bytearray()
    for piece in pieces_of(settings.lm, "--lm"):
        data += piece
        if len(data) > MOST_BYTES:
            break
    fusion = Fusion(arpa_of(bytes(data), settings.lm), classes, settings.lm_weight, settings.lm_bonus)
    return UsedModel(fusion, {"lm": hashlib.sha256(data).hexdigest()})
