"""GRID clips to sharded TFRecords: how a data set is read and split, and what a finished run writes last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.pipelines.base import DataSet, Inputs, Made, Pipeline, Settings, Summaries
from orchestrator.pipelines.catalog import SKIP, Problem, frozen_rows, raise_if_fatal
from orchestrator.pipelines.face_records.files import file_of, judges_clips, payloads
from orchestrator.pipelines.grid.align_check import check_align
from orchestrator.pipelines.grid.discovery import Discovery, discover
from orchestrator.pipelines.grid.needs import needs
from orchestrator.pipelines.grid.options import GridOptions, stages
from orchestrator.pipelines.grid.splits import (
    SplitConfig,
    assign_splits,
    check_speakers,
    open_split,
    split_notes,
)
from orchestrator.pipelines.grid.written.words import WordsFile
from orchestrator.pipelines.prediction import Prediction
from services.base.media.topology import topology
from services.base.run.manifest import ClipRow
from services.base.run.spec import QuarantineEntry
from services.base.stage.config import config_from_mapping
from services.formats.words import WORDS_FILE
from services.geometry.mouth_window import CHANNELS, profile_named
from services.landmarks.backends import backend_named
from services.records.grid.meta import build_meta
from services.records.grid.spec import RecordsConfig

# Problems about files that would have been clips, and all that name clips; the others are reported, and leave the exit
# code alone.
_LOST_CLIPS = frozenset({"MISSING_ALIGN", "EMPTY_FILE", "NOT_A_FILE", "LEAVES_ROOT", "UNKNOWN_EXTENSION"})
# Of an artifact of landmarks: x and y of a point, and what a frame has besides.
_POINT_BYTES, _FRAME_FACTS_BYTES = 8, 20


def read(inputs: Inputs, options: GridOptions) -> DataSet:
    """Discovers, splits and shards; a GRID run adds to no other. Raises BadConfig before any work starts."""
    found = discover(inputs.entries, options.layout)
    raise_if_fatal(found.problems)
    config = open_split(options.split_config, inputs.files) if options.split_config else SplitConfig()
    notes = []
    if not options.split_config:
        notes.append("no --split-config: EVERY clip goes to train; val and test stay empty")
    notes += check_speakers(config, found.speakers(), allow_missing=options.allow_missing_speakers)
    notes += _speakers_alike(found.speakers())
    notes += _hidden(found.ignored)
    splits = assign_splits(found.clips, config, options.max_examples)
    notes += split_notes(config, splits)
    for i in found.unusable:
        if i < len(splits):
            splits[i] = SKIP
    rows = frozen_rows(found.clips, splits, options.num_shards, round_robin=options.compat_order)
    problems = _within(found, len(splits))
    lines = _lines(problems)
    return DataSet(rows, lines, tuple(notes + _notes(problems)), _details(found, config, splits, len(lines), options))


def _within(found: Discovery, num_clips: int) -> list[Problem]:
    """Problems of the part of the listing that --max-examples leaves."""
    if num_clips >= len(found.clips):
        return list(found.problems)
    last = _place(found.clips[num_clips - 1].media.path)
    return [problem for problem in found.problems if _place(problem.path) <= last]


def _place(path: str) -> tuple[str, str]:
    # A folder of pictures stands where a file of its name would.
    folder, _, name = path.removesuffix("/").rpartition("/")
    return folder, name


def _details(
    found: Discovery, config: SplitConfig, splits: Sequence[str], num_left_out: int, options: GridOptions
) -> dict[str, Any]:
    speakers: dict[str, set[str]] = {}
    for speaker, split in set(zip(found.clips.speakers, splits, strict=False)):
        if split != SKIP:
            speakers.setdefault(split, set()).add(speaker)
    return {
        "layout": found.layout.name,
        "mode": config.mode,
        "compat_order": options.compat_order,
        "exclude_speakers": sorted(config.exclude_speakers),
        "num_left_out": num_left_out,
        "speakers": {split: sorted(names) for split, names in sorted(speakers.items())},
    }


def _is_lost(problem: Problem) -> bool:
    return bool(problem.clips) or problem.reason in _LOST_CLIPS


def _lines(problems: Iterable[Problem]) -> tuple[QuarantineEntry, ...]:
    """A line a clip that is left out."""
    return tuple(
        QuarantineEntry(path, path, "none", "BAD_INPUT", problem.reason, problem.message)
        for problem in problems
        if _is_lost(problem)
        for path in problem.clips or (problem.path,)
    )


def _notes(problems: Sequence[Problem]) -> list[str]:
    counts = Counter(problem.reason for problem in problems if not _is_lost(problem))
    first = {problem.reason: problem for problem in reversed(problems) if not _is_lost(problem)}
    one_by_one = [f"{p.path}: {p.reason}: {p.message}" for p in problems if p.reason == "ALIGNS_ELSEWHERE"]
    return [
        *one_by_one,
        *(
            f"{count} {reason}, such as {first[reason].path}: {first[reason].message}"
            for reason, count in sorted(counts.items())
        ),
    ]


def _hidden(ignored: Mapping[str, int]) -> list[str]:
    hidden = [f"{n} {kind}" for kind, n in sorted(ignored.items()) if n and kind.startswith("hidden .")]
    return [f"not read, their names begin with a dot: {', '.join(hidden)}; rename what is a clip"] if hidden else []


def _speakers_alike(speakers: Sequence[str]) -> list[str]:
    """A note for each group of speakers whose names differ in upper and lower case only."""
    alike: dict[str, list[str]] = {}
    for speaker in speakers:
        alike.setdefault(speaker.casefold(), []).append(speaker)
    return [
        f"speakers {' and '.join(map(repr, names))} differ in upper and lower case only and are kept apart: if it is "
        "one person, rename the folder, or put them into one split"
        for names in alike.values()
        if len(names) > 1
    ]


def count(inputs: Inputs, options: GridOptions) -> int:
    """Pairs of a clip and its align, as the original counts them."""
    return len(discover(inputs.entries, options.layout).clips)


def check(row: ClipRow, extras: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """(reason, message) of what is wrong with a clip's labels."""
    path = next(extra.path for extra in row.extras if extra.role == "align")
    return [(p.reason, p.message) for p in check_align(row.utterance_id, path, extras["align"])]


def summary_files(run: Made) -> Summaries:
    """words.parquet, and meta.json: the original's keys, and more; the same from run to run."""
    spec = run.spec
    settings = {stage.name: dict(stage.config) for stage in spec.stages}
    counts: Counter[str] = Counter()
    num_quarantined = 0
    for shard in run.done:
        counts.update(shard.records)
        num_quarantined += shard.num_quarantined
    landmarks = settings["landmarks"]
    models = {name: digest for stage in spec.stages for name, digest in stage.models.items()}
    extra = {
        "mode": spec.details["mode"],
        "exclude_speakers": spec.details["exclude_speakers"],
        "compat_order": spec.details["compat_order"],
        "decode_max_frames": settings["decode"]["max_frames"],
        "landmarks": {name: landmarks[name] for name in ("backend", "mode", "num_jitters", "max_gap_frames")},
        "models": models,
        "libraries": dict(spec.libraries),
        "quarantined_examples": num_quarantined + spec.details["num_left_out"],
    }
    config = config_from_mapping(RecordsConfig, settings["records"])
    meta = build_meta(config, counts=counts, num_shards=spec.num_shards, speakers=spec.details["speakers"], extra=extra)
    return {WORDS_FILE: WordsFile(run), "meta.json": [meta]}


def predict(settings: Settings, media_bytes: float) -> Prediction:  # noqa: ARG001
    """A record is as large as its frames, whatever the clip; landmarks are kept for each frame that is decoded."""
    records, landmarks = settings["records"], settings["landmarks"]
    window = profile_named(records["profile"])
    num_points = topology(backend_named(landmarks["backend"]).topology).num_points
    frames_bytes = records["max_frames"] * window.width_px * window.height_px * CHANNELS
    num_decoded = settings["decode"]["max_frames"] or records["max_frames"]
    return Prediction(frames_bytes, num_decoded * (num_points * _POINT_BYTES + _FRAME_FACTS_BYTES), is_sure=True)


PIPELINE = Pipeline(
    "grid",
    "GRID clips to sharded TFRecords of mouth crops and labels",
    GridOptions,
    stages,
    read,
    count,
    check,
    summary_files,
    file_of,
    payloads,
    leaves_out=frozenset({"BAD_ALIGN"}),
    needs=needs,
    checked_options=("dlib_predictor",),
    predict=predict,
    judges_clips=judges_clips,
    splits=("train", "val", "test"),
)
