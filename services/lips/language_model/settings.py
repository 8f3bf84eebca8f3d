"""What whoever reads lips may be told of a language model. Inert."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.stage.fields import FileRef, option
from services.lips.language_model.fusion import check_shares

_GROUP = "language model"


@dataclass(frozen=True)
class LanguageModelSettings:
    """Of a beam search. lm: empty: none takes part."""

    lm: FileRef = option("", "n-grams of characters as an ARPA file, such as of `visemill lm`", group=_GROUP)
    lm_weight: float = option(0.5, "of ln of its probability of a text, beside that of what is seen", group=_GROUP)
    lm_bonus: float = option(0.0, "for each character of a text, since longer ones are less likely", group=_GROUP)

    def check_lm(self, beam_width: int) -> None:
        """Raises ValueError."""
        check_shares(self.lm_weight, self.lm_bonus)
        if self.lm and beam_width == 1:
            raise ValueError(
                f"a language model chooses among the texts of a beam, and beam_width is {beam_width}: give 2 or more, "
                "such as 20, or no lm"
            )
