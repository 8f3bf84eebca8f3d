"""A test in lines: examples as trainers of PyTorch scripts print them, then the score and what is beside it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.training.lipreading.scores.counts import Counts, character_counts, total
from services.training.lipreading.scores.interval import bootstrap_interval
from services.training.lipreading.scores.normalization import normalization_named
from services.training.lipreading.scores.score import Score, Transcript, length_of, score, scores_by, speaker_of

_MARGIN = "    "


@dataclass(frozen=True)
class ModelTest:
    """What was tested. split: whose clips. transcripts: by the model; untrained: of the same clips by one with random
    weights. constant: the best sentence of the training text. digests: name -> digest of checkpoint, data and
    tokenizer. learnt_from: how many of these clips the model was trained on. search: how texts were found, in words;
    empty where it says nothing. further: by name of a rate of syllables, such as PER, the counts of each clip.
    """

    split: str
    transcripts: Sequence[Transcript]
    untrained: Sequence[Transcript]
    constant: str
    digests: Mapping[str, str]
    learnt_from: int = 0
    normalization: str = "none"
    seed: int = 0
    search: str = ""
    further: Mapping[str, Sequence[Counts]] = field(default_factory=dict)


def lines_of(tested: ModelTest, num_examples: int = 5) -> list[str]:
    """Raises ValueError for a test without clips."""
    lines: list[str] = []
    for number, one in enumerate(tested.transcripts[:num_examples], 1):
        lines += _example(number, one, tested.normalization)
    found = score(tested.transcripts, tested.normalization, tested.seed)
    lines += [f"Average CER: {found.mean_cer:.4f}", f"Average Accuracy: {1 - found.mean_cer:.2%}", ""]
    lines += _warning(tested)
    search = f", {tested.search}" if tested.search else ""
    lines += [f"{tested.split}: {found.num_clips} clips, normalisation {found.normalization}{search}"]
    lines += [_rate("CER", found.cer, found.cer_interval, found.characters, "characters")]
    # Of a language without blanks a whole text is one word, whose errors say nothing.
    has_words = any(" " in one.reference for one in tested.transcripts)
    if has_words:
        lines += [_rate("WER", found.wer, found.wer_interval, found.words, "words")]
    for name, counts in tested.further.items():
        lines += [_rate(name, total(counts).rate, bootstrap_interval(counts, tested.seed), total(counts), "syllables")]
    of_words = f", WER {found.mean_wer:.2%}" if has_words else ""
    lines += [f"{_MARGIN}mean over clips: CER {found.mean_cer:.2%}{of_words}"]
    lines += ["beside it:"]
    lines += [_beside("an untrained model", score(tested.untrained, tested.normalization, tested.seed), has_words)]
    answers = [Transcript(one.key, one.speaker, one.reference, tested.constant) for one in tested.transcripts]
    lines += [_beside(f"always {tested.constant!r}", score(answers, tested.normalization, tested.seed), has_words)]
    for title, group in (("speaker", speaker_of), ("characters", length_of)):
        lines += _table(title, scores_by(group, tested.transcripts, tested.normalization, tested.seed), has_words)
    return [*lines, *(f"{name}: {digest}" for name, digest in tested.digests.items())]


def _example(number: int, one: Transcript, normalization: str) -> list[str]:
    as_compared = normalization_named(normalization)
    rate = character_counts(as_compared(one.reference), as_compared(one.hypothesis)).rate
    return [
        f"Example {number}:",
        f"Ground truth: {one.reference}",
        f"Predicted: {one.hypothesis}",
        f"CER: {rate:.4f} ({1 - rate:.2%} accuracy)",
        "",
    ]


def _warning(tested: ModelTest) -> list[str]:
    if not tested.learnt_from:
        return []
    return [
        f"WARNING: the model was trained on {tested.learnt_from} of these {len(tested.transcripts)} clips: this tells "
        "how well it remembers them, not how well it reads others"
    ]


def _rate(name: str, rate: float, interval: tuple[float, float], counts: Counts, units: str) -> str:
    return (
        f"{_MARGIN}{name} {rate:.2%} (95 % of resampled tests: {interval[0]:.2%} to {interval[1]:.2%}): "
        f"{counts.substitutions} substitutions, {counts.deletions} deletions, {counts.insertions} insertions in "
        f"{counts.reference_units} {units}"
    )


def _beside(what: str, found: Score, has_words: bool) -> str:
    return f"{_MARGIN}{what}: CER {found.cer:.2%}" + (f", WER {found.wer:.2%}" if has_words else "")


def _table(title: str, scores: Mapping[str, Score], has_words: bool) -> list[str]:
    width = max(len(title), *map(len, scores))
    rows = [f"{title:<{width}}  clips     CER              95 %" + ("     WER" if has_words else "")]
    for name, one in scores.items():
        low, high = one.cer_interval
        words = f"  {one.wer:>6.1%}" if has_words else ""
        rows.append(f"{name:<{width}}  {one.num_clips:>5}  {one.cer:>6.1%}  {low:>6.1%} to {high:>6.1%}{words}")
    return rows
