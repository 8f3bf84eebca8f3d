"""I/O: the result of a test, as files and as what is printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence

from services.base.errors import EXIT_OK
from services.base.store.open import open_store
from services.training.lipreading.scores.files import Look, files_of, worst
from services.training.lipreading.scores.plain import facts_of
from services.training.lipreading.scores.printed import ModelTest, lines_of
from services.training.lipreading.scores.score import Transcript
from services.training.recipes.tested import TestedModel


def answer_test(
    found: ModelTest,
    looks: Callable[[Sequence[Transcript]], Sequence[Look]],
    settings: TestedModel,
    *,
    as_json: bool,
) -> int:
    """Writes the results, prints lines or an object, and returns the exit code. looks: into chosen clips."""
    shown = looks(worst(found, settings.num_shown))
    results = open_store(settings.results)
    for name, content in files_of(found, shown).items():
        results.put(name, content)
    text = "\n".join([*lines_of(found, settings.num_examples), f"results: {results.uri}"])
    sys.stdout.write((json.dumps({**facts_of(found), "text": text}) if as_json else text) + "\n")
    return EXIT_OK
