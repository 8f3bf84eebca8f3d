"""Sequences of whole numbers that stand for what is spoken. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from services.base.media.arrays import Int32Array

# The names that data sets use for a language, and the rules that serve it. French and German have no rules of their
# own: English ones read their numbers, as the original does.
RULES_OF: Final = {
    "en": "en", "fr": "en", "de": "en",
    "zh": "zh", "cn": "zh",
    "ja": "ja", "jp": "ja",
    "am": "am", "amh": "am",
}  # fmt: skip


@dataclass(frozen=True)
class TextIds:
    """A clip's text as a tokenizer's ids.

    ids_N: int32, without start and end. text: cleaned, as manifests store it. language: whose rules it was normalised
    by. num_unknown: how many ids are the unknown token. unknown: the characters that it stands for. not_normalised:
    whether a grammar failed, so that the text was taken as it stood.
    """

    ids_N: Int32Array
    text: str
    language: str = ""
    num_unknown: int = 0
    unknown: str = ""
    not_normalised: bool = False

    def __post_init__(self) -> None:
        if self.ids_N.dtype != np.int32 or self.ids_N.ndim != 1:
            raise ValueError(f"ids_N must be int32 [N], not {self.ids_N.dtype} {self.ids_N.shape}")

    def summary(self) -> dict[str, Any]:
        """What `once` shows."""
        told = {"text": self.text, "num_ids": len(self.ids_N), "num_unknown": self.num_unknown}
        return {**told, "not_normalised": True} if self.not_normalised else told
