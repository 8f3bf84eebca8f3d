"""What a language model adds to the score of a text while a beam search spells it (shallow fusion). Pure.

Of a text of n characters: weight * ln p(text and its end) + bonus * n, beside ln of the probability of its paths.
Source: Hannun et al., First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs
(https://arxiv.org/abs/1408.2873), equation 3, of characters instead of words.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

from services.base.errors import BadConfig
from services.lips.language_model.n_grams import END, START, UNKNOWN, NGrams

Ids = tuple[int, ...]

_LN_10 = math.log(10.0)
_MOST_NAMED = 10
_MOST_REMEMBERED = 1 << 17


class Fusion:
    """N-grams over the classes of a network, with their share of a score. told: that in words."""

    def __init__(self, n_grams: NGrams, classes: Sequence[str], weight: float, bonus: float = 0.0) -> None:
        """classes: the character of each class by its id; one that is no single character, such as `<pad>`, is an
        unknown one. weight: 0 or more. bonus: for each character, in units of ln.

        Raises ValueError for a weight or a bonus that cannot be; BadConfig BAD_LANGUAGE_MODEL for n-grams that know no
        character of the classes, or that lack one and have no UNKNOWN.
        """
        check_shares(weight, bonus)
        lacking = [one for one in classes if len(one) == 1 and one not in n_grams]
        if len(lacking) == sum(len(one) == 1 for one in classes):
            raise BadConfig(
                "BAD_LANGUAGE_MODEL",
                f"the language model knows none of the characters that are read ({_named(lacking)}): give one of the "
                "same language and case",
            )
        if lacking and UNKNOWN not in n_grams:
            raise BadConfig(
                "BAD_LANGUAGE_MODEL",
                f"the language model has neither {_named(lacking)}, which are read, nor <unk>: make it with them, as "
                "`visemill lm` does, or with <unk>",
            )
        self.told = f"language model of order {n_grams.order}, weight {weight:g}, bonus {bonus:g}"
        self._n_grams, self._weight, self._bonus = n_grams, weight, bonus
        self._characters = [one if len(one) == 1 and one in n_grams else UNKNOWN for one in classes]
        # Of one clip, prefixes end alike again and again.
        self._behind = functools.lru_cache(_MOST_REMEMBERED)(self._reckoned)

    def of_next(self, prefix: Ids, class_id: int) -> float:
        """What a class adds behind a prefix."""
        return self._behind(self._end_of(prefix), self._characters[class_id]) + self._bonus

    def of_end(self, prefix: Ids) -> float:
        """What the end of the text adds."""
        return self._behind(self._end_of(prefix), END)

    def _end_of(self, prefix: Ids) -> Ids:
        """What of it counts; the whole of one that is shorter."""
        return prefix[max(0, len(prefix) - self._n_grams.order + 1) :]

    def _reckoned(self, ids: Ids, character: str) -> float:
        before = "".join(self._characters[i] for i in ids)
        if len(ids) < self._n_grams.order - 1:
            before = START + before
        return self._weight * _LN_10 * self._n_grams.log10_prob(before, character)


def check_shares(weight: float, bonus: float) -> None:
    """Raises ValueError."""
    if not (0 <= weight < math.inf and math.isfinite(bonus)):
        raise ValueError(f"the weight of a language model is 0 or more, and its bonus finite, not {weight} and {bonus}")


def _named(characters: Sequence[str]) -> str:
    more = ", …" if len(characters) > _MOST_NAMED else ""
    return ", ".join(map(repr, characters[:_MOST_NAMED])) + more
