"""Which of a beam's texts a decoder with attention agrees to most: the last word on what CTC has proposed. Pure.

Source: Watanabe et al., Hybrid CTC/Attention Architecture for End-to-End Speech Recognition (2017), its rescoring.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.base.media.arrays import Float64Array, Int64Array
from services.lips.bundle import MARKS
from services.lips.decoding.prefix_beam import Hypothesis

_PAD, _START, _END = (MARKS.index(mark) for mark in ("<pad>", "<sos>", "<eos>"))


def decoder_ids(prefixes: Sequence[Hypothesis]) -> Int64Array:
    """int64 [N, L]: the texts as a decoder is given them, <sos> first, <eos> last, <pad> behind."""
    found_NL = np.full((len(prefixes), 2 + max(len(one.ids) for one in prefixes)), _PAD, np.int64)
    for row_L, one in zip(found_NL, prefixes, strict=True):
        row_L[: len(one.ids) + 2] = [_START, *(i + len(MARKS) for i in one.ids), _END]
    return found_NL


def rescored(prefixes: Sequence[Hypothesis], of_decoder_N: Float64Array, share: float) -> tuple[Hypothesis, float]:
    """The text of the best score, and that. Of equal ones the first.

    of_decoder_N: ln of the probability of each. share: 0..1, of the decoder in a score; the rest is the beam's, to
    which a language model has added.
    """
    scores_N = (1 - share) * np.array([one.score for one in prefixes]) + share * of_decoder_N
    best = int(scores_N.argmax())
    return prefixes[best], float(scores_N[best])
