"""N-grams of characters estimated from texts, by interpolated Witten-Bell smoothing. Pure.

Behind a context h that was seen c(h) times, with t(h) different characters behind it, the probability of a character w
is (c(h w) + t(h) p(w | h')) / (c(h) + t(h)), where h' is h without its first character. Below all contexts every
character is as likely as any other.

Source: Witten and Bell, The Zero-Frequency Problem (https://doi.org/10.1109/18.87000), method C, interpolated as by
Chen and Goodman, An Empirical Study of Smoothing Techniques for Language Modeling (https://arxiv.org/abs/cmp-lg/9606011).
It asks nothing of how often n-grams are seen once or twice, which few sentences of few words do not tell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from services.base.errors import BadConfig
from services.lips.language_model.n_grams import (
    END,
    MARKS,
    MOST_N_GRAMS,
    MOST_ORDER,
    START,
    UNKNOWN,
    ZERO_LOG10,
    NGrams,
)


def witten_bell(texts: Iterable[str], order: int, characters: str = "") -> NGrams:
    """characters: what may be read beside what the texts hold, such as a lipreader's alphabet; of what is neither,
    UNKNOWN has the probability. Behind any context, probabilities of all characters, END and UNKNOWN add up to 1.

    Raises ValueError for an order that cannot be; BadConfig NO_TEXTS, BAD_TEXTS, TOO_MANY_N_GRAMS.
    """
    if not 1 <= order <= MOST_ORDER:
        raise ValueError(f"an order is 1 to {MOST_ORDER}, not {order}")
    counts = _counts(texts, order)
    if not counts[0]:
        raise BadConfig("NO_TEXTS", "there is no text to count characters in: give one or more")
    vocabulary = sorted({*counts[0], *characters, UNKNOWN})
    probs = {START: 0.0, **dict.fromkeys(vocabulary, 1 / len(vocabulary))}
    back_offs: dict[str, float] = {}
    for n, of_order in enumerate(counts, 1):
        seen, kinds = _contexts(of_order)
        for key in of_order if n > 1 else vocabulary:
            before = key[:-1]
            num_kinds = kinds[before]
            # At order 1 in place of the even share.
            probs[key] = (of_order.get(key, 0) + num_kinds * probs[key[1:] or key]) / (seen[before] + num_kinds)
        back_offs |= {before: kinds[before] / (seen[before] + kinds[before]) for before in seen if before}
    return NGrams(
        order,
        {key: math.log10(prob) if prob else ZERO_LOG10 for key, prob in probs.items()},
        {before: math.log10(factor) for before, factor in back_offs.items()},
    )


def _counts(texts: Iterable[str], order: int) -> list[dict[str, int]]:
    """Of each order, how often its n-grams stand in the texts with their ends. START is in contexts alone."""
    counts: list[dict[str, int]] = [{} for _ in range(order)]
    num_kinds = 0
    for text in texts:
        if not MARKS.isdisjoint(text):
            raise BadConfig("BAD_TEXTS", f"{text[:60]!r} has a control character: take it out")
        marked = f"{START}{text}{END}"
        for n, of_order in enumerate(counts, 1):
            before = len(of_order)
            for end in range(max(n, 2), len(marked) + 1):
                key = marked[end - n : end]
                of_order[key] = of_order.get(key, 0) + 1
            num_kinds += len(of_order) - before
        if num_kinds > MOST_N_GRAMS:
            raise BadConfig(
                "TOO_MANY_N_GRAMS",
                f"the texts hold more than {MOST_N_GRAMS:,} n-grams of up to {order} characters: give a lower order",
            )
    return counts


def _contexts(counts: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """By context: how often it is followed, and by how many different characters."""
    seen: dict[str, int] = {}
    kinds: dict[str, int] = {}
    for key, count in counts.items():
        before = key[:-1]
        seen[before] = seen.get(before, 0) + count
        kinds[before] = kinds.get(before, 0) + 1
    return seen, kinds
