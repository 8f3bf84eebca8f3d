"""What the report of a tts run says of its clips: hours, languages, speakers, lengths, the worst ones. Pure."""

from __future__ import annotations

import heapq
import statistics
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.pipelines.base import ReportTable
from services.base.run.clips_with_facts import clips_with_facts
from services.base.run.manifest import ClipRow
from services.base.run.spec import RunSpec

_MOST_SPEAKERS, _MOST_WORST, _MOST_CHARACTERS, _TEXT_LENGTH = 20, 20, 30, 80
# A flag of nearly every clip says nothing of one.
_USUAL_SHARE = 0.9

Clips = Sequence[Mapping[str, Any]]


@dataclass
class _Group:
    """Sums over the clips of one language, or of one speaker."""

    num_clips: int = 0
    duration_s: float = 0.0
    num_ids: int = 0
    num_unknown: int = 0
    unknown: Counter[str] = field(default_factory=Counter)

    def add(self, clip: Mapping[str, Any]) -> None:
        self.num_clips += 1
        self.duration_s += float(clip.get("duration_s", 0))
        self.num_ids += int(clip["num_text_ids"])
        self.num_unknown += int(clip.get("num_unknown", 0))
        self.unknown.update(str(clip.get("unknown", "")))

    @property
    def hours(self) -> float:
        return self.duration_s / 3600


def report_tables(spec: RunSpec, quality: Clips, rows: Iterable[ClipRow]) -> list[ReportTable]:
    """quality: gone through several times, and not held. rows: the run's clips; both by shard and position."""
    if not quality:
        return []
    settings = next((stage.config for stage in spec.stages if stage.name == "ttsfiles"), {})
    return [
        _languages(quality),
        _speakers(quality, rows),
        _lengths(quality, settings),
        *_worst(quality),
    ]


def _languages(quality: Clips) -> ReportTable:
    groups = _grouped((str(clip.get("language", "")), clip) for clip in quality)
    rows = []
    for language, group in groups:
        shown = " ".join(character for character, _ in group.unknown.most_common(_MOST_CHARACTERS))
        share = f"{group.num_unknown / group.num_ids:.2%}" if group.num_ids else ""
        rows.append((language, f"{group.num_clips:,}", _hours(group.hours), f"{group.num_ids:,}", share, shown))
    if len(rows) > 1:
        hours = sum(group.hours for _, group in groups)
        rows.append(("all", f"{len(quality):,}", _hours(hours), "", "", ""))
    return ReportTable("Languages", ("rules of", "clips", "hours", "text ids", "unknown", "such as"), tuple(rows))


def _speakers(quality: Clips, clips: Iterable[ClipRow]) -> ReportTable:
    groups = _grouped((clip.speaker_id, line) for clip, line in clips_with_facts(clips, quality))
    rows = [
        (speaker or "(none)", f"{group.num_clips:,}", _hours(group.hours)) for speaker, group in groups[:_MOST_SPEAKERS]
    ]
    if others := groups[_MOST_SPEAKERS:]:
        num_clips, hours = sum(group.num_clips for _, group in others), sum(group.hours for _, group in others)
        rows.append((f"{len(others):,} others", f"{num_clips:,}", _hours(hours)))
    if alone := sum(group.num_clips == 1 for _, group in groups):
        rows.append((f"of these {alone:,} with one clip, which has no pair", f"{alone:,}", ""))
    return ReportTable("Speakers", ("speaker", "clips", "hours"), tuple(rows))


def _lengths(quality: Clips, settings: Mapping[str, Any]) -> ReportTable:
    rows = []
    for name, head, limit in (
        ("duration_s", "seconds", None),
        ("num_text_ids", "text ids", settings.get("max_text_tokens", 600)),
        ("num_codes", "codes", settings.get("max_codes", 1815)),
    ):
        values = sorted(array("d", (float(clip[name]) for clip in quality if clip.get(name) is not None)))
        if not values:
            continue
        late = values[min(len(values) - 1, int(0.95 * len(values)))]
        shown = (f"{value:.4g}" for value in (values[0], statistics.median(values), late, values[-1]))
        over = "" if limit is None else f"{sum(value > limit for value in values):,}"
        rows.append((head, *shown, "" if limit is None else f"{limit:,}", over))
    heads = ("length", "shortest", "median", "95 % up to", "longest", "the model's limit", "clips over it")
    return ReportTable("Lengths", heads, tuple(rows))


def _worst(quality: Clips) -> list[ReportTable]:
    counts = Counter(flag for clip in quality for flag in clip["flags"])
    usual = {flag for flag, n in counts.items() if n > _USUAL_SHARE * len(quality) and len(quality) > 1}
    flagged = ((clip, [flag for flag in clip["flags"] if flag not in usual]) for clip in quality)
    worst = heapq.nsmallest(
        _MOST_WORST, (pair for pair in flagged if pair[1]), key=lambda pair: (-len(pair[1]), str(pair[0]["key"]))
    )
    rows = tuple(
        (str(clip["key"]), ", ".join(flags), f"{clip.get('duration_s', '')}", _cut(str(clip.get("text", ""))))
        for clip, flags in worst
    )
    return [ReportTable("Worst clips", ("clip", "flags", "seconds", "text"), rows)] if rows else []


def _grouped(named: Iterable[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, _Group]]:
    """Of (group, clip): the groups by falling hours, then by name."""
    groups: defaultdict[str, _Group] = defaultdict(_Group)
    for name, clip in named:
        groups[name].add(clip)
    return sorted(groups.items(), key=lambda one: (-one[1].hours, one[0]))


def _hours(hours: float) -> str:
    return f"{hours:,.2f}" if hours >= 0.1 else f"{hours:.4f}"


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_LENGTH else f"{text[:_TEXT_LENGTH]}…"
