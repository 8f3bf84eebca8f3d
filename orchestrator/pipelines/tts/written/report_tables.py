"""What the report of a tts run says of its clips: hours, languages, speakers, lengths, the worst ones. Pure."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from orchestrator.pipelines.base import ReportTable
from services.base.run.manifest import ClipRow
from services.base.run.spec import RunSpec

_MOST_SPEAKERS, _MOST_WORST, _MOST_CHARACTERS, _TEXT_LENGTH = 20, 20, 30, 80
# A flag of nearly every clip says nothing of one.
_USUAL_SHARE = 0.9

Clips = Sequence[Mapping[str, Any]]


class _Group(NamedTuple):
    clips: Clips
    hours: float


def report_tables(spec: RunSpec, quality: Clips, rows: Iterable[ClipRow]) -> list[ReportTable]:
    """rows: the run's clips, in any order."""
    if not quality:
        return []
    settings = next((stage.config for stage in spec.stages if stage.name == "ttsfiles"), {})
    return [
        _languages(quality),
        _speakers(quality, {row.key: row.speaker_id for row in rows}),
        _lengths(quality, settings),
        *_worst(quality),
    ]


def _languages(quality: Clips) -> ReportTable:
    groups = _grouped(quality, {str(clip["key"]): str(clip.get("language", "")) for clip in quality})
    rows = []
    for language, group in groups:
        num_ids = sum(int(clip["num_text_ids"]) for clip in group.clips)
        num_unknown = sum(int(clip.get("num_unknown", 0)) for clip in group.clips)
        characters = Counter(character for clip in group.clips for character in str(clip.get("unknown", "")))
        shown = " ".join(character for character, _ in characters.most_common(_MOST_CHARACTERS))
        share = f"{num_unknown / num_ids:.2%}" if num_ids else ""
        rows.append((language, f"{len(group.clips):,}", _hours(group.hours), f"{num_ids:,}", share, shown))
    if len(rows) > 1:
        hours = sum(group.hours for _, group in groups)
        rows.append(("all", f"{len(quality):,}", _hours(hours), "", "", ""))
    return ReportTable("Languages", ("rules of", "clips", "hours", "text ids", "unknown", "such as"), tuple(rows))


def _speakers(quality: Clips, speakers: Mapping[str, str]) -> ReportTable:
    groups = _grouped(quality, {str(clip["key"]): speakers.get(str(clip["key"]), "") for clip in quality})
    rows = [
        (speaker or "(none)", f"{len(group.clips):,}", _hours(group.hours))
        for speaker, group in groups[:_MOST_SPEAKERS]
    ]
    if others := groups[_MOST_SPEAKERS:]:
        num_clips, hours = sum(len(group.clips) for _, group in others), sum(group.hours for _, group in others)
        rows.append((f"{len(others):,} others", f"{num_clips:,}", _hours(hours)))
    if alone := sum(len(group.clips) == 1 for _, group in groups):
        rows.append((f"of these {alone:,} with one clip, which has no pair", f"{alone:,}", ""))
    return ReportTable("Speakers", ("speaker", "clips", "hours"), tuple(rows))


def _lengths(quality: Clips, settings: Mapping[str, Any]) -> ReportTable:
    rows = []
    for name, head, limit in (
        ("duration_s", "seconds", None),
        ("num_text_ids", "text ids", settings.get("max_text_tokens", 600)),
        ("num_codes", "codes", settings.get("max_codes", 1815)),
    ):
        values = sorted(float(clip[name]) for clip in quality if clip.get(name) is not None)
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
    flagged = [(clip, [flag for flag in clip["flags"] if flag not in usual]) for clip in quality]
    worst = sorted((pair for pair in flagged if pair[1]), key=lambda pair: (-len(pair[1]), str(pair[0]["key"])))
    rows = tuple(
        (str(clip["key"]), ", ".join(flags), f"{clip.get('duration_s', '')}", _cut(str(clip.get("text", ""))))
        for clip, flags in worst[:_MOST_WORST]
    )
    return [ReportTable("Worst clips", ("clip", "flags", "seconds", "text"), rows)] if rows else []


def _grouped(quality: Clips, names: Mapping[str, str]) -> list[tuple[str, _Group]]:
    """By falling hours, then by name. names: key -> the clip's group."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for clip in quality:
        groups.setdefault(names[str(clip["key"])], []).append(clip)
    made = [
        (name, _Group(clips, sum(float(clip.get("duration_s", 0)) for clip in clips) / 3600))
        for name, clips in groups.items()
    ]
    return sorted(made, key=lambda one: (-one[1].hours, one[0]))


def _hours(hours: float) -> str:
    return f"{hours:,.2f}" if hours >= 0.1 else f"{hours:.4f}"


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_LENGTH else f"{text[:_TEXT_LENGTH]}…"
