"""What the counting of a language model may be told, whatever its texts are of. Inert: it loads no torch."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.stage.fields import FileRef, option
from services.lips.language_model.n_grams import MOST_ORDER


@dataclass(frozen=True)
class CountedTexts:
    """Raises ValueError for what cannot be."""

    output: FileRef = option("", "ARPA file to write, or its s3:// URI", group="output")
    order: int = option(6, "characters of the longest n-gram", group="output")
    text: FileRef = option(
        "", "text file in UTF-8, a sentence a line, in place of a data set or beside it", group="data set"
    )

    def __post_init__(self) -> None:
        if not self.output:
            raise ValueError("say where to: --output FILE, such as lm.arpa")
        if not 1 <= self.order <= MOST_ORDER:
            raise ValueError(f"order is {self.order}: give 1 to {MOST_ORDER}")
