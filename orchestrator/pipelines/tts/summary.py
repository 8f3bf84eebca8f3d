"""What a finished run of speech writes last: manifests for trainers in the order of the data set's, statistics, the
lines that are missing with their reasons, and how all was made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.pipelines.base import Made, Summaries
from orchestrator.pipelines.tts.manifests.input_order import Line, LinesInOrder, Pieces, joined
from orchestrator.pipelines.tts.manifests.lines import MANIFEST_OF, json_file, json_line, record_of
from orchestrator.pipelines.tts.options import PLACES
from orchestrator.pipelines.tts.splits import TRAIN, VAL
from services.base.process.external_sort import ExternalSort
from services.base.run.manifest import ClipRow
from services.base.run.spec import NO_SHARD, PinnedStage, RunSpec
from services.records.tts.names import META_FILE, PROGRESS_FILE, STATS_FILE

SKIPPED_FILE = "skipped.jsonl"
_SPLITS = (TRAIN, VAL)
_RANDOM = "RANDOM_WEIGHTS"
_MOST_LEAKS = 100
_S_PER_HOUR = 3600.0


def summary_files(run: Made) -> Summaries:
    """Both manifests, stats.json, skipped.jsonl, the list of ids that tools for the original read, and meta.json.

    A line of a manifest waits on the disk; of a clip nothing else is held. Raises BadConfig BAD_STATE_FILE.
    """
    lines = LinesInOrder(run.until_written.enter_context(ExternalSort("lines of manifests")), _SPLITS)
    totals = _Totals()
    reasons = {str(one["key"]): one for one in run.quarantine if one.get("shard", NO_SHARD) != NO_SHARD}
    skipped = [_planned(one) for one in run.quarantine if one.get("shard", NO_SHARD) == NO_SHARD]
    for row, quality in joined(run.clips, run.quality, reasons):
        if quality is None:
            skipped.append(_skipped(row.idx + 1, reasons[row.key]))
            continue
        lines.add(Line(row.idx, str(quality["split"]), row.key, json_line(record_of(row, quality))))
        totals.add(row, quality)
    skipped.sort(key=lambda one: int(one["line"]))
    return {
        **{MANIFEST_OF[split]: lines.manifest(split) for split in _SPLITS},
        STATS_FILE: [json_file(stats(run.spec, totals.splits))],
        SKIPPED_FILE: Pieces(lambda: map(json_line, skipped)),
        PROGRESS_FILE: lines.ids(),
        META_FILE: [json_file(_meta(run, totals, skipped))],
    }


def tables(spec: RunSpec) -> frozenset[str]:
    """The manifests, which tools split anew and encode anew, and their statistics."""
    del spec
    return frozenset({*MANIFEST_OF.values(), STATS_FILE})


def derived_tables(spec: RunSpec) -> frozenset[str]:
    """The statistics, which follow from the manifests."""
    del spec
    return frozenset({STATS_FILE})


def stats(spec: RunSpec, splits: Mapping[str, int]) -> dict[str, Any]:
    """The original's five keys, then what the features were made with. splits: how many clips each has."""
    settings = {stage.name: stage.config for stage in spec.stages}
    return {
        "total": sum(splits.get(split, 0) for split in _SPLITS),
        **{split: splits.get(split, 0) for split in _SPLITS},
        "tokenizer": settings.get("text", {}).get("tokenizer", ""),
        "gpt_checkpoint": settings.get("speech", {}).get("gpt_checkpoint", ""),
        "digests": _digests(spec),
    }


def _digests(spec: RunSpec) -> dict[str, str]:
    return {name: digest for stage in spec.stages for name, digest in sorted(stage.models.items())}


def _planned(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Of a line that planning left out. A line without an id is known by its number alone."""
    named = {entry["media"], ""} if entry["reason"] in ("BAD_JSON", "BAD_ROW", "NO_ID") else {""}
    return _skipped(int(entry.get("line", 0)), entry) | ({"id": ""} if entry["key"] in named else {})


def _skipped(line: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"line": line, "id": entry["key"], "reason": entry["reason"], "message": entry["message"]}


@dataclass
class _Totals:
    """Counted on the way: memory for speakers, languages and flags alone."""

    splits: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    speakers: set[str] = field(default_factory=set)
    languages: dict[str, Counter[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    found: Counter[str] = field(default_factory=Counter)

    def add(self, row: ClipRow, quality: Mapping[str, Any]) -> None:
        split, language = str(quality["split"]), str(quality.get("language", ""))
        self.splits[split] += 1
        self.flags.update(quality.get("flags", ()))
        self.speakers.add(row.speaker_id)
        # Of files that were there before the run.
        self.found.update(name for name in ("adopted", "made_again") if quality.get(name))
        counts = self.languages.setdefault(language, Counter())
        counts.update(
            clips=1, text_ids=int(quality["num_text_ids"]), unknown_text_ids=int(quality.get("num_unknown", 0))
        )
        duration_s = float(quality.get("duration_s") or quality.get("stated_s") or 0.0)
        self.seconds[language] = self.seconds.get(language, 0.0) + duration_s


def _meta(run: Made, totals: _Totals, skipped: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    spec = run.spec
    reasons = Counter(str(one["reason"]) for one in skipped)
    meta: dict[str, Any] = {}
    if totals.flags[_RANDOM]:
        meta["warning"] = (
            f"FEATURES OF {totals.flags[_RANDOM]} CLIPS ARE OF SEEDED RANDOM WEIGHTS, not of trained networks: no "
            "model can be trained on them. Give --gpt-checkpoint, --w2v-bert, --semantic-codec and --w2v-stat"
        )
    meta |= {
        "clips": totals.splits.total(),
        **{split: totals.splits[split] for split in _SPLITS},
        "skipped": reasons.total(),
        "reasons": dict(sorted(reasons.items())),
        "flags": dict(sorted(totals.flags.items())),
        "hours": _hours(sum(totals.seconds.values())),
        "speakers": len(totals.speakers),
        **totals.found,
        "languages": {
            name: {**counts, "hours": _hours(totals.seconds[name])} for name, counts in sorted(totals.languages.items())
        },
        "same_content_in_train_and_val": {"contents": len(run.leaks), "clips": list(run.leaks[:_MOST_LEAKS])},
        "split": dict(_split(spec)),
        "settings": {stage.name: dict(_settings(stage, _digests(spec))) for stage in spec.stages},
        "models": _digests(spec),
        "libraries": dict(spec.libraries),
    }
    return meta


def _settings(stage: PinnedStage, digests: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """By name, the same wherever the run is carried out: of a file its digest, of any other place nothing."""
    for name, value in sorted(stage.config.items()):
        if name not in PLACES:
            yield name, value
        elif name in digests:
            yield name, digests[name]


def _split(spec: RunSpec) -> Iterator[tuple[str, Any]]:
    for name in ("val_ratio", "val_count"):
        if name in spec.details:
            yield name, spec.details[name]


def _hours(seconds: float) -> float:
    return round(seconds / _S_PER_HOUR, 4)
