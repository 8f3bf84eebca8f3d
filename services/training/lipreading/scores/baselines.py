"""What a score is compared with: the best sentence that never looks at a clip. Pure."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from services.training.lipreading.scores.counts import character_counts_with

_CANDIDATES, _COMPARED = 100, 100


def constant_sentence(training_texts: Sequence[str], seed: int = 0) -> str:
    """The training text that is nearest to all of them: as the answer to each it has the fewest character errors.

    Of more than 100 different texts 100 are candidates, the commonest first and of equally common ones a sample, and
    each is compared with a sample of 100. Of equally near ones it is the first by code points. Raises ValueError for
    no texts.
    """
    if not training_texts:
        raise ValueError("there is no training text to choose a sentence from")
    draw = random.Random(f"constant sentence:{seed}")  # noqa: S311
    texts = sorted(training_texts)
    common = Counter(texts)
    shuffled = draw.sample(sorted(common), len(common))
    candidates = sorted(shuffled, key=lambda text: -common[text])[:_CANDIDATES]
    compared = texts if len(texts) <= _COMPARED else draw.sample(texts, _COMPARED)
    return min(candidates, key=lambda text: (character_counts_with(compared, text).errors, text))
