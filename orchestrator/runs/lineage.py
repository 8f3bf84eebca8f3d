"""Runs that were added to the output of others: which may be, and what they all have made, seen as one. Pure, but for
reading what is known of a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.runs.commits.observe import RunState, observe, read_clips, read_done, read_quality, read_quarantine
from orchestrator.runs.commits.outputs import FileTable, files_of_commit
from orchestrator.runs.commits.packed import PackedLines, in_order
from orchestrator.runs.leakage import with_other_words
from services.base.errors import BadConfig
from services.base.run.spec import RunSpec, ShardCommit
from services.base.store.interface import Store
from services.base.store.names import is_absolute


@dataclass(frozen=True)
class Part:
    """What one of the runs has made."""

    spec: RunSpec
    done: Sequence[ShardCommit]
    quality: Sequence[Mapping[str, Any]]
    quarantine: Sequence[Mapping[str, Any]]

    def mentioned(self) -> set[str]:
        """Where every clip lies that it says something about."""
        return {_place(self.spec, line["key"]) for line in [*self.quality, *self.quarantine]}


def parts_of(state: Store, runs: Iterable[str]) -> list[Part]:
    """The runs as the state root has them, in that order. Raises BadConfig where one cannot be read."""
    parts = []
    for run in runs:
        observed = observe(state, run)
        parts.append(part_of(state, observed, read_done(state, observed.spec, observed.done)))
    return parts


def part_of(state: Store, observed: RunState, done: Sequence[ShardCommit]) -> Part:
    """A run of which the commits have been read. Raises BadConfig where what they tell of cannot be read."""
    spec = observed.spec
    quality = PackedLines(read_quality(state, spec, (shard.shard for shard in done)))
    return Part(spec, done, quality, read_quarantine(state, spec, observed.set_aside))


def clips_of(state: Store, run: str) -> tuple[RunSpec, dict[str, str]]:
    """A run's spec, and output name -> path below the input root of each of its clips."""
    spec = observe(state, run).spec
    return spec, {row.utterance_id: row.media for row in read_clips(state, spec)}


def files_of(state: Store, parts: Sequence[Part]) -> FileTable:
    """Every output file: what the last run that made it wrote, and as its source the place of that run among parts."""
    files = FileTable()
    for i, part in enumerate(parts):
        for done in part.done:
            files.add(i, files_of_commit(part.spec, state, done))
    return files


def quality_of(parts: Sequence[Part]) -> Sequence[Mapping[str, Any]]:
    """A line a clip, of the run that made it last; of several runs in order of the files, whichever came first.

    One video under several transcripts is flagged, where the pipeline judges clips: no shard can see it alone.
    """
    lines = _last_lines(parts)
    judged = any(pipeline_of(part.spec.pipeline).judges_clips(part.spec) for part in parts)
    return with_other_words(lines) if judged else lines


def _last_lines(parts: Sequence[Part]) -> Sequence[Mapping[str, Any]]:
    if len(parts) == 1:
        return parts[0].quality
    return PackedLines(in_order(_kept_lines(parts), key=file_of_line))


def _kept_lines(parts: Sequence[Part]) -> Iterator[Mapping[str, Any]]:
    """Those of files that no later run made; of the files made, the names alone are held."""
    later: set[str] = set()
    for part in reversed(parts):
        yield from (line for line in part.quality if file_of_line(line) not in later)
        later.update(map(file_of_line, part.quality))


def quarantine_of(parts: Sequence[Part]) -> list[Mapping[str, Any]]:
    """Lines of clips that no later run says anything about, ordered likewise."""
    if len(parts) == 1:
        return list(parts[0].quarantine)
    kept = []
    for i, part in enumerate(parts):
        later = {clip for other in parts[i + 1 :] for clip in other.mentioned()}
        kept += [line for line in part.quarantine if _place(part.spec, line["key"]) not in later]
    return sorted(kept, key=lambda line: str(line["key"]))


def _place(spec: RunSpec, path: object) -> str:
    """A clip's path with that of the input root before it, where it has none of its own."""
    return str(path) if is_absolute(str(path)) else f"{spec.input_root.rstrip('/')}/{path}"


def file_of_line(line: Mapping[str, Any]) -> str:
    """The output file that a line of quality is about; of pipelines that name none, the clip."""
    return str(line.get("file", line["key"]))


def check_addable(runs: Sequence[tuple[RunSpec, Mapping[str, str]]], spec: RunSpec, clips: Mapping[str, str]) -> None:
    """Raises BadConfig when a run may not add its clips (output name -> path) to those of these runs.

    OTHER_SETTINGS: files of one output are made alike. NAME_TAKEN: a file would replace another clip's.
    """
    held, asked = _settings(runs[-1][0]), _settings(spec)
    # Runs of before the device was pinned do not tell it.
    held = {name: asked.get(name) for name in asked if name.endswith(".device")} | held
    differing = [
        f"{name} {held.get(name, 'absent')} there, {asked.get(name, 'absent')} now"
        for name in sorted(set(held) | set(asked))
        if held.get(name) != asked.get(name)
    ]
    if differing:
        raise BadConfig(
            "OTHER_SETTINGS",
            f"{spec.output_root} holds clips made otherwise: {'; '.join(differing)}. Give the settings that it was "
            "made with, or another --output-root",
        )
    for there, made in runs:
        for name in sorted(set(made) & set(clips)):
            old = _place(there, made[name])
            # A clip given alone, and again with the folder that it lies in, is one.
            if old != _place(spec, clips[name]):
                raise BadConfig(
                    "NAME_TAKEN",
                    f"{clips[name]} would be {name!r}, which {spec.output_root} has of {old}: "
                    "rename one of the two, or run the folder above both at once",
                )


def _settings(spec: RunSpec) -> dict[str, Any]:
    named = {f"{s.name}.{name}": value for s in spec.stages for name, value in s.config.items()}
    free = pipeline_of(spec.pipeline).free_settings
    kept = {name: value for name, value in named.items() if name not in free}
    return kept | {f"model {name}": digest for s in spec.stages for name, digest in s.models.items()}
