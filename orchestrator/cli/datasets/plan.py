"""`visemill plan`: list and validate a data set, measure a few clips, predict time and bytes; nothing is written."""

from __future__ import annotations

import argparse
import functools
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.cli.answer import Answer
from orchestrator.cli.datasets.deep import find_leaks
from orchestrator.cli.device import add_device_flag
from orchestrator.cli.runs.named_sets import Call, planned
from orchestrator.cli.runs.reproduce import clip_as_json, local_file
from orchestrator.cli.runs.request import request_of
from orchestrator.cli.runs.run_options import add_run_flags, options_of
from orchestrator.console.escape import one_line
from orchestrator.console.heartbeat import Heartbeat
from orchestrator.pipelines.base import Pipeline
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.pipelines.prediction import Prediction, Sampled
from orchestrator.planner.planning import limit_argv, plan_of
from orchestrator.planner.reading import Unread, read_all, reading
from orchestrator.planner.services import describe, run_service
from orchestrator.roots import state_root
from orchestrator.runs.plan import Plan
from orchestrator.runs.space import Disk, demand_of, disks_of, free_bytes
from services.base.errors import EXIT_BAD_CONFIG, EXIT_BUG, EXIT_OK, EXIT_QUARANTINED, BadInput
from services.base.process.cgroup import granted_cores
from services.base.process.quantities import counted, duration, num_bytes
from services.base.run.manifest import ClipRow
from services.base.store.input_roots import open_inputs
from services.base.store.interface import ReadableStore

_SHOWN = 10
# What a clip is told of itself goes by a command line, which takes 128 KiB.
_MOST_ARGUMENT_CHARACTERS = 100_000


def add_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("checks and prediction")
    group.add_argument(
        "--deep",
        action="store_true",
        help="read every file and, where there are several splits, decode every video, to find the same frames in two "
        "splits before the run",
    )
    group.add_argument(
        "--sample",
        type=int,
        default=3,
        metavar="CLIPS",
        help="clips to process for the prediction; 0: none (default: %(default)s)",
    )
    add_device_flag(parser)
    add_run_flags(parser)


def plan(flags: argparse.Namespace) -> Answer:
    """Exits 0 when a run would be clean, 3 when it would leave clips out, 78 when it cannot start."""
    pipeline = pipeline_of(flags.pipeline)
    request = request_of(flags)
    with Heartbeat("listing the data set, reading the versions of the stages") as beat:
        made = plan_of(request, remotes=flags.remote, now=beat.now, asks=vars(flags).get("asks", describe))
    inputs = open_inputs(made.spec.media_roots, must_exist=True, follow_links=made.spec.follow_links)
    rows = made.rows
    findings = [(line.media, line.reason, line.message) for line in made.problems]
    labels, unread = check_labels(pipeline, rows, inputs)
    leaks: list[str] = []
    if flags.deep and made.spec.stages:
        found, more = find_leaks(made.spec, rows, inputs)
        leaks = [str(leak) for leak in found]
        unread |= more
    findings += [*labels, *unread.values()]
    sample = _measure(made, [row for row in rows if row.media not in unread] if unread else rows, inputs, flags.sample)
    num_workers = min(options_of(request.limits, flags, made.spec).num_workers, granted_cores())
    prediction = predict(made, sample, num_workers, _sampled(made).rate_hz)
    disks = _disks(pipeline, made, prediction, flags)
    prediction |= {"needed_bytes": sum(disk.needed_bytes for disk in disks), "free_bytes": _free_bytes(made)}
    full = any(disk.is_short for disk in disks) and not flags.ignore_free_space
    data: dict[str, Any] = {
        "run": made.spec.run,
        "digest": made.spec.digest,
        "clips": len(rows),
        "found": len(rows) + len(made.problems),
        "splits": dict(sorted(made.num_by_split.items())),
        "speakers": dict(sorted(made.num_by_speaker.items())),
        "num_shards": made.spec.num_shards,
        "passes": [{"pass": one.name, "digest": one.digest} for one in made.spec.passes],
        "input_bytes": made.input_bytes,
        "notes": list(made.notes),
        "problems": [{"path": path, "reason": reason, "message": message} for path, reason, message in findings],
        "leaks": leaks,
        "sample": sample,
        "prediction": prediction,
        "disk_too_small": full,
    }
    failed = any(answer["outcome"] != "ok" for answer in sample)
    left_out = made.problems or failed or unread or any(reason in pipeline.leaves_out for _, reason, _ in findings)
    code = EXIT_BAD_CONFIG if leaks or full else EXIT_QUARANTINED if left_out else EXIT_OK
    return Answer(_text(data, made), {**data, "exit_code": code}, code)


def instead_of(run: Call) -> Call:
    """`run`; where an option of the pipeline asks for a plan alone, and is given, that, without a sample."""

    @functools.wraps(run)
    def called(flags: argparse.Namespace) -> Answer:
        option = pipeline_of(flags.pipeline).only_plans
        if not option or not getattr(flags, option):
            return run(flags)
        _, each = planned(add_flags, plan)
        return each(argparse.Namespace(**{**vars(flags), "deep": False, "sample": 0}))

    return called


def check_labels(
    pipeline: Pipeline, rows: Sequence[ClipRow], inputs: ReadableStore
) -> tuple[list[tuple[str, str, str]], dict[str, Unread]]:
    """What is wrong with labels as (path, reason, message), and by path the clips whose label files cannot be read.

    Every label file is read.
    """

    def one(row: ClipRow) -> list[tuple[str, str, str]]:
        extras = {extra.role: inputs.read(extra.path) for extra in row.extras}
        return [(row.media, reason, message) for reason, message in pipeline.check(row, extras)]

    found, unread = read_all(rows, one, "checking labels")
    return [finding for findings in found for finding in findings], unread


def spread(rows: Sequence[ClipRow], num_clips: int) -> list[ClipRow]:
    """Clips spread evenly over the data set's own order, the same ones every time."""
    num_clips = min(num_clips, len(rows))
    places = sorted((row.idx, place) for place, row in enumerate(rows))
    return [rows[places[i * len(rows) // num_clips][1]] for i in range(num_clips)]


def _measure(made: Plan, rows: Sequence[ClipRow], inputs: ReadableStore, num_clips: int) -> list[dict[str, Any]]:
    if num_clips < 1 or not made.spec.stages:
        return []
    answers: dict[str, Mapping[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:

        def fetched(row: ClipRow) -> tuple[ClipRow, str, list[str]]:
            """The clip, its media, and the flags of its other files."""
            media = local_file(inputs, row.media, Path(folder))
            extras = [f"--extra={e.role}={local_file(inputs, e.path, Path(folder))}" for e in row.extras]
            return row, str(media), extras

        there = []
        for row in spread(rows, num_clips):
            if len(clip_as_json(row)) > _MOST_ARGUMENT_CHARACTERS:
                continue
            found = reading(row, fetched)
            if isinstance(found, Unread):
                answers[row.key] = {"outcome": BadInput.kind, "reason": found.reason, "message": found.message}
            else:
                answers[row.key] = {}
                there.append(found)
        if not there:
            return [{"key": key, **answer} for key, answer in answers.items()]
        argv = [media for _, media, _ in there]
        for row, _, extras in there:
            argv += [*extras, f"--clip={clip_as_json(row)}"]
        argv += ["--config", json.dumps({stage.name: dict(stage.config) for stage in made.spec.stages})]
        argv += limit_argv(made.spec)
        if num := _sampled(made).num_frames:
            argv += ["--max-frames", str(num)]
        names = ",".join(stage.name for stage in made.spec.stages)
        with Heartbeat(f"processing {counted(len(there), 'clip')} for the prediction"):
            output = run_service(names, "once", *argv, limit_s=7200, accept=(EXIT_OK, EXIT_QUARANTINED, EXIT_BUG))
    for (row, _, _), line in zip(there, output.splitlines(), strict=True):
        answers[row.key] = json.loads(line)
    return [{"key": key, **answer} for key, answer in answers.items()]


def _sampled(made: Plan) -> Sampled:
    return pipeline_of(made.spec.pipeline).sampled({stage.name: stage.config for stage in made.spec.stages})


def predict(
    made: Plan, sample: Sequence[Mapping[str, Any]], num_workers: int, sampled_hz: float = 0.0
) -> dict[str, Any]:
    """Seconds and bytes of the whole run, from the clips that went well; the first one carries no start-up in its CPU
    time.
    """
    good = [answer for answer in sample if answer["outcome"] == "ok"]
    if not good:
        return {"cpu_s_per_clip": None, "wall_s": None, "output_bytes": 0, "workers": num_workers}
    times = [_times_as_long(answer, sampled_hz) for answer in good]
    cpu_s = sum(t * sum(answer["cpu_s"].values()) for t, answer in zip(times, good, strict=True)) / len(good)
    size = sum(t * answer[_product(answer)]["num_bytes"] for t, answer in zip(times, good, strict=True)) / len(good)
    return {
        "cpu_s_per_clip": round(cpu_s, 4),
        "wall_s": round(cpu_s * made.spec.num_clips / num_workers, 1),
        "output_bytes": int(size * made.spec.num_clips),
        "workers": num_workers,
    }


def _times_as_long(answer: Mapping[str, Any], sampled_hz: float) -> float:
    """How many times as long the clip is as what was processed of it, as its header says. sampled_hz: frames a second
    of what was; 0: as many as the clip has.
    """
    facts, info = answer.get("facts") or {}, answer.get("info") or {}
    rate_hz = sampled_hz or facts.get("rate_hz", 0.0)
    if not facts.get("truncated") or not facts.get("num_frames") or not rate_hz:
        return 1.0
    return max(1.0, float(info.get("duration_s", 0.0)) * float(rate_hz) / float(facts["num_frames"]))


def _disks(pipeline: Pipeline, made: Plan, prediction: Mapping[str, Any], flags: argparse.Namespace) -> list[Disk]:
    """The disks that a run would write to: outputs as the sample measured them, and what is kept for other runs."""
    num_clips = made.spec.num_clips
    guess = pipeline.predict({s.name: s.config for s in made.spec.stages}, made.input_bytes / num_clips)
    output_bytes = prediction["output_bytes"] / num_clips or guess.output_bytes
    expected = Prediction(output_bytes, guess.artifact_bytes)
    places = made.spec.output_root, state_root(made.spec.output_root, flags.state_root)
    return disks_of(demand_of(*places, expected, num_clips, keeps_artifacts=flags.artifact_cache))


def _product(answer: Mapping[str, Any]) -> str:
    return next(name for name, value in answer.items() if isinstance(value, dict) and "num_bytes" in value)


def _free_bytes(made: Plan) -> int | None:
    """Free space where the output will lie, without making it."""
    return None if "://" in made.spec.output_root else free_bytes(made.spec.output_root)


def _text(data: Mapping[str, Any], made: Plan) -> str:
    return "\n".join(_lines(data, made))


def _lines(data: Mapping[str, Any], made: Plan) -> Iterator[str]:
    for note in data["notes"]:
        yield f"note: {one_line(note)}"
    has_splits = len(pipeline_of(made.spec.pipeline).splits) > 1
    splits = ": " + ", ".join(f"{split} {count}" for split, count in data["splits"].items()) if has_splits else ""
    speakers = f" of {counted(len(data['speakers']), 'speaker')}" if set(data["speakers"]) - {""} else ""
    # What ranks alone read are files of a data set.
    noun = "clip" if made.spec.stages else "file"
    yield f"{counted(data['clips'], noun)}{speakers} ({num_bytes(made.input_bytes)}){splits}"
    left_out = data["found"] - data["clips"]
    if left_out:
        yield f"{counted(data['found'], 'clip')} found: {data['clips']} to process, {left_out} left out"
    if data["problems"]:
        reasons = Counter(problem["reason"] for problem in data["problems"])
        yield f"problems ({len(data['problems'])}): " + ", ".join(
            f"{count} {reason}" for reason, count in sorted(reasons.items())
        )
        for problem in data["problems"][:_SHOWN]:
            yield f"  {one_line(problem['path'])}: {problem['reason']}: {one_line(problem['message'])}"
        if len(data["problems"]) > _SHOWN:
            yield f"  and {len(data['problems']) - _SHOWN} more: -o json shows all"
    for leak in data["leaks"][:_SHOWN]:
        yield f"the same video in two splits: {one_line(leak)}"
    for answer in data["sample"]:
        outcome = "ok" if answer["outcome"] == "ok" else f"{answer['reason']}: {answer['message']}"
        yield one_line(f"tried {answer['key']}: {outcome}")
    prediction = data["prediction"]
    if prediction["wall_s"] is not None:
        yield (
            f"prediction: {duration(prediction['wall_s'])} with {counted(prediction['workers'], 'worker')}, "
            f"{prediction['cpu_s_per_clip'] * 1000:.0f} ms of a core a clip, "
            f"{num_bytes(prediction['output_bytes'])} of output"
        )
    for gang in made.spec.gangs:
        after = f", after {', '.join(gang.after)}" if made.spec.stages else ""
        yield f"pass {gang.name}{after}: {counted(gang.num_ranks, 'rank')} of recipe {gang.recipe}"
    if data["disk_too_small"]:
        yield (
            f"NOT ENOUGH SPACE: {num_bytes(prediction['needed_bytes'])} are needed, with what is kept for other runs, "
            f"and {num_bytes(prediction['free_bytes'] or 0)} are free where the output goes"
        )
    shards = counted(data["num_shards"], "shard") + (" a split" if has_splits else "")
    yield f"{f'{shards}; ' if made.spec.stages else ''}run {data['run']}; nothing was written"
