"""GRID clips to sharded TFRecords: the flags, the order of the stages, and what a finished run writes last."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from orchestrator.console.flags import FileOrName
from orchestrator.pipelines.base import DataSet, EarlierRuns, Pipeline, Settings, no_earlier_runs
from orchestrator.pipelines.catalog import SKIP, Problem, frozen_rows, raise_if_fatal
from orchestrator.pipelines.grid.align_check import check_align
from orchestrator.pipelines.grid.discovery import Discovery, discover
from orchestrator.pipelines.grid.layouts import LAYOUTS
from orchestrator.pipelines.grid.splits import (
    SplitConfig,
    assign_splits,
    check_speakers,
    open_split,
    published_splits,
    split_notes,
)
from orchestrator.pipelines.prediction import Prediction
from services.base.errors import BadConfig
from services.base.media.topology import IBUG_68, MEDIAPIPE_478, topology
from services.base.run.manifest import ClipRow
from services.base.run.sharding import shard_name
from services.base.run.spec import QuarantineEntry, RunSpec, ShardCommit
from services.base.stage.config import config_from_mapping
from services.base.store.interface import Entry, Store
from services.formats.tfrecord import read_records
from services.geometry.mouth_window import CHANNELS, PROFILES, profile_named
from services.records.grid.meta import build_meta
from services.records.grid.spec import RecordsConfig
from services.records.grid.timing import RATE_HZ

# Problems about files that would have been clips, and all that name clips; the others are told, and leave the exit
# code alone.
_LOST_CLIPS = frozenset({"MISSING_ALIGN", "EMPTY_FILE", "NOT_A_FILE", "LEAVES_ROOT", "UNKNOWN_EXTENSION"})
_SEED_PROFILE = "liptype2-v1"
_PIECE_BYTES = 8 << 20
# Of an artifact of landmarks: x and y of a point, and what a frame has besides.
_POINT_BYTES, _FRAME_FACTS_BYTES = 8, 20


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of the original script keep their names and defaults; the rest is ours."""
    add = parser.add_argument
    add(
        "--split-config",
        action=FileOrName,
        names=published_splits(),
        default="",
        help=f"YAML file, or one of {', '.join(published_splits())}; without it all is train",
    )
    add("--num-shards", type=int, default=64, help="files a split (default: %(default)s)")
    add("--max-frames", type=int, default=75, help="frames in a record; padded or cut (default: %(default)s)")
    add("--max-text-len", type=int, default=32, help="label slots in a record; padded or cut (default: %(default)s)")
    add("--max-examples", type=int, default=0, help="only the first N clips; 0: all (default: %(default)s)")
    add("--workers", type=int, default=0, help="worker processes; 0: one a core (default: %(default)s)")
    add(
        "--decode-max-frames",
        type=int,
        default=-1,
        help="frames decoded: -1 as --max-frames, 0 all, or N (default: %(default)s)",
    )
    add("--max-pixels", type=int, default=3840 * 2160, help="refuse a clip with larger frames (default: %(default)s)")
    add("--max-duration-s", type=float, default=3600.0, help="refuse a longer clip (default: %(default)s)")
    add("--max-decoded-frames", type=int, default=200_000, help="refuse a clip of more frames (default: %(default)s)")
    add("--dlib-predictor", default="", metavar="FILE", help="dlib's 68-point file; chooses --landmarks dlib")
    add(
        "--landmarks",
        choices=("mediapipe", "dlib"),
        help="detector (default: mediapipe, or dlib with --dlib-predictor)",
    )
    add("--landmarks-mode", choices=("tracked", "per-frame"), help=f"default: tracked; per-frame with {_SEED_PROFILE}")
    add("--num-jitters", type=int, default=1, help="dlib: rectangles averaged a frame; 1: none (default: %(default)s)")
    add(
        "--max-gap-frames",
        type=int,
        default=15,
        help=f"longest loss of a face that is interpolated; none is with {_SEED_PROFILE} (default: %(default)s)",
    )
    add("--face-landmarker", default="", metavar="FILE", help="your own MediaPipe face_landmarker.task")
    add("--profile", choices=tuple(PROFILES), default="fixed-scale", help="mouth window (default: %(default)s)")
    add(
        "--quality-policy",
        choices=("keep", "flag", "quarantine"),
        default="flag",
        help="what to do with odd clips (default: %(default)s)",
    )
    add(
        "--layout",
        choices=("auto", *(layout.name for layout in LAYOUTS)),
        default="auto",
        help="layout of the data set (default: %(default)s)",
    )
    add("--compat-order", action="store_true", help="the original script's shard and place for every clip")
    add(
        "--allow-missing-speakers",
        action="store_true",
        help="accept a split that names speakers who are not in the data",
    )


def stages(flags: argparse.Namespace) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """decode, landmarks, records, with their settings."""
    if flags.max_frames < 1:
        raise BadConfig("BAD_FLAGS", f"--max-frames must be 1 or more, not {flags.max_frames}")
    if flags.max_text_len < 1:
        raise BadConfig("BAD_FLAGS", f"--max-text-len must be 1 or more, not {flags.max_text_len}")
    if flags.decode_max_frames < -1:
        raise BadConfig(
            "BAD_FLAGS",
            f"--decode-max-frames must be -1 (as --max-frames), 0 (the whole clip) or more, "
            f"not {flags.decode_max_frames}",
        )
    decode_max = flags.max_frames if flags.decode_max_frames == -1 else flags.decode_max_frames
    backend = flags.landmarks or ("dlib" if flags.dlib_predictor else "mediapipe")
    if flags.dlib_predictor and backend != "dlib":
        raise BadConfig("FLAGS_DISAGREE", "--dlib-predictor was given with --landmarks mediapipe: give one of them")
    mode = flags.landmarks_mode or ("per-frame" if flags.profile == _SEED_PROFILE else "tracked")
    landmarks = {
        "backend": backend,
        "mode": mode,
        "num_jitters": flags.num_jitters,
        "max_gap_frames": 0 if flags.profile == _SEED_PROFILE else flags.max_gap_frames,
        "dlib_predictor": flags.dlib_predictor,
        "face_landmarker": flags.face_landmarker,
    }
    records = {
        "profile": flags.profile,
        "max_frames": flags.max_frames,
        "max_text_len": flags.max_text_len,
        "quality_policy": flags.quality_policy,
    }
    # The original takes every frame, whatever its time, for the next 25th of a second.
    by_time = {} if flags.profile == _SEED_PROFILE else {"sampling": "steady", "target_fps": RATE_HZ}
    decode = {
        "max_frames": decode_max,
        "max_pixels": flags.max_pixels,
        "max_duration_s": flags.max_duration_s,
        # Whoever asks for so many frames has said that a clip may have them.
        "max_decoded_frames": max(flags.max_decoded_frames, decode_max) if decode_max > 0 else flags.max_decoded_frames,
        **by_time,
    }
    return ("decode", decode), ("landmarks", landmarks), ("records", records)


def read(
    entries: Iterable[Entry],
    flags: argparse.Namespace,
    earlier: EarlierRuns = no_earlier_runs,  # noqa: ARG001 - a GRID run adds to no other
) -> DataSet:
    """Discovers, splits and shards. Raises BadConfig before any work starts."""
    if flags.num_shards < 1:
        raise BadConfig("BAD_FLAGS", f"--num-shards must be 1 or more, not {flags.num_shards}")
    if flags.max_examples < 0:
        raise BadConfig("BAD_FLAGS", f"--max-examples must be 0 (all clips) or more, not {flags.max_examples}")
    found = discover(entries, flags.layout)
    raise_if_fatal(found.problems)
    config = open_split(flags.split_config) if flags.split_config else SplitConfig()
    notes = []
    if not flags.split_config:
        notes.append("no --split-config: EVERY clip goes to train; val and test stay empty")
    notes += check_speakers(config, found.speakers(), allow_missing=flags.allow_missing_speakers)
    notes += _speakers_alike(found.speakers())
    notes += _hidden(found.ignored)
    splits = assign_splits(found.clips, config, flags.max_examples)
    notes += split_notes(config, splits)
    for i in found.unusable:
        if i < len(splits):
            splits[i] = SKIP
    rows = frozen_rows(found.clips, splits, flags.num_shards, compat_order=flags.compat_order)
    problems = _within(found, len(splits))
    lines = _lines(problems)
    return DataSet(rows, lines, tuple(notes + _told(problems)), _details(found, config, splits, len(lines), flags))


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
    found: Discovery, config: SplitConfig, splits: Sequence[str], num_left_out: int, flags: argparse.Namespace
) -> dict[str, Any]:
    speakers: dict[str, set[str]] = {}
    for speaker, split in set(zip(found.clips.speakers, splits, strict=False)):
        if split != SKIP:
            speakers.setdefault(split, set()).add(speaker)
    return {
        "layout": found.layout.name,
        "mode": config.mode,
        "compat_order": flags.compat_order,
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


def _told(problems: Sequence[Problem]) -> list[str]:
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


def count(entries: Iterable[Entry], flags: argparse.Namespace) -> int:
    """Pairs of a clip and its align, as the original counts them."""
    return len(discover(entries, flags.layout).clips)


def check(row: ClipRow, extras: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """(reason, message) of what is wrong with a clip's labels."""
    path = next(extra.path for extra in row.extras if extra.role == "align")
    return [(p.reason, p.message) for p in check_align(row.utterance_id, path, extras["align"])]


def summary_files(
    order: RunSpec, done: Sequence[ShardCommit], quality: Iterable[Mapping[str, Any]]
) -> dict[str, bytes]:
    """meta.json: the original's keys, and more; the same from run to run."""
    del quality
    settings = {stage.name: dict(stage.config) for stage in order.stages}
    counts: Counter[str] = Counter()
    num_quarantined = 0
    for shard in done:
        counts.update(shard.records)
        num_quarantined += shard.num_quarantined
    landmarks = settings["landmarks"]
    models = {name: digest for stage in order.stages for name, digest in stage.models.items()}
    extra = {
        "mode": order.details["mode"],
        "exclude_speakers": order.details["exclude_speakers"],
        "compat_order": order.details["compat_order"],
        "decode_max_frames": settings["decode"]["max_frames"],
        "landmarks": {name: landmarks[name] for name in ("backend", "mode", "num_jitters", "max_gap_frames")},
        "models": models,
        "libraries": dict(order.libraries),
        "quarantined_examples": num_quarantined + order.details["num_left_out"],
    }
    config = config_from_mapping(RecordsConfig, settings["records"])
    meta = build_meta(
        config, counts=counts, num_shards=order.num_shards, speakers=order.details["speakers"], extra=extra
    )
    return {"meta.json": meta}


def file_of(order: RunSpec, row: ClipRow) -> str:
    """The file of a clip's split and shard."""
    return f"{row.split}-{shard_name(row.shard, order.num_shards)}.tfrecord"


def payloads(outputs: Store, name: str) -> Iterator[tuple[int, bytes]]:
    """(place, serialized tf.train.Example) of a TFRecord file, both checksums verified. Raises BadInput."""
    entry = outputs.stat(name)
    size_bytes = entry.size_bytes if entry else 0
    pieces = (outputs.read(name, offset, _PIECE_BYTES) for offset in range(0, size_bytes, _PIECE_BYTES))
    return enumerate(read_records(pieces))


def predict(settings: Settings, media_bytes: float) -> Prediction:  # noqa: ARG001
    """A record is as large as its frames, whatever the clip; landmarks are kept for each frame that is decoded."""
    records, landmarks = settings["records"], settings["landmarks"]
    window = profile_named(records["profile"])
    num_points = topology(IBUG_68 if landmarks["backend"] == "dlib" else MEDIAPIPE_478).num_points
    frames_bytes = records["max_frames"] * window.width_px * window.height_px * CHANNELS
    num_decoded = settings["decode"]["max_frames"] or records["max_frames"]
    return Prediction(frames_bytes, num_decoded * (num_points * _POINT_BYTES + _FRAME_FACTS_BYTES), is_sure=True)


PIPELINE = Pipeline(
    "grid",
    "GRID clips to sharded TFRecords of mouth crops and labels",
    add_flags,
    stages,
    read,
    count,
    check,
    summary_files,
    file_of,
    payloads,
    predict=predict,
    splits=("train", "val", "test"),
)
