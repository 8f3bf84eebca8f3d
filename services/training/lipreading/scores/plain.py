"""A test as plain values, for programs. Pure."""

from __future__ import annotations

from typing import Any

from services.training.lipreading.scores.counts import Counts, total
from services.training.lipreading.scores.printed import ModelTest
from services.training.lipreading.scores.score import Score, Transcript, length_of, score, scores_by, speaker_of


def facts_of(tested: ModelTest) -> dict[str, Any]:
    """Scores with all that stands beside them, and each clip's texts. Raises ValueError for a test without clips."""

    def scored(transcripts: list[Transcript]) -> dict[str, Any]:
        return _score(score(transcripts, tested.normalization, tested.seed))

    def by(group: Any) -> dict[str, Any]:
        found = scores_by(group, tested.transcripts, tested.normalization, tested.seed)
        return {name: _score(one) for name, one in found.items()}

    answers = [Transcript(one.key, one.speaker, one.reference, tested.constant) for one in tested.transcripts]
    return {
        "split": tested.split,
        "normalization": tested.normalization,
        "search": tested.search,
        **scored(list(tested.transcripts)),
        **{
            name.lower(): {"rate": total(counts).rate, **_counts(total(counts))}
            for name, counts in tested.further.items()
        },
        "untrained": scored(list(tested.untrained)),
        "constant": {"text": tested.constant, **scored(answers)},
        "by_speaker": by(speaker_of),
        "by_characters": by(length_of),
        "learnt_from": tested.learnt_from,
        "digests": dict(tested.digests),
        "transcripts": [
            {"key": one.key, "reference": one.reference, "hypothesis": one.hypothesis} for one in tested.transcripts
        ],
    }


def _score(found: Score) -> dict[str, Any]:
    return {
        "clips": found.num_clips,
        "cer": found.cer,
        "cer_interval": list(found.cer_interval),
        "mean_cer": found.mean_cer,
        "characters": _counts(found.characters),
        "wer": found.wer,
        "wer_interval": list(found.wer_interval),
        "mean_wer": found.mean_wer,
        "words": _counts(found.words),
    }


def _counts(counts: Counts) -> dict[str, int]:
    return {
        "substitutions": counts.substitutions,
        "deletions": counts.deletions,
        "insertions": counts.insertions,
        "reference_units": counts.reference_units,
    }
