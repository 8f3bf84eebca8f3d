"""`visemill report`: one HTML page about a run, contact sheets included."""

from __future__ import annotations

import argparse
import contextlib
import heapq
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.cli.answer import Answer
from orchestrator.cli.datasets.inspect import inspector_of
from orchestrator.cli.options import add_output_flags
from orchestrator.cli.runs.reproduce import local_file
from orchestrator.console.heartbeat import Heartbeat
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.report.page import Findings, Player, Sheet, page
from orchestrator.report.training import TrainingFindings, training_findings
from orchestrator.roots import find_run
from orchestrator.runs.claim.claim import earlier_runs
from orchestrator.runs.commits.observe import num_found, observe, read_clips
from orchestrator.runs.gang.progress import gang_facts
from orchestrator.runs.lineage import Part, file_of_line, parts_of, quality_of, quarantine_of
from services.base.errors import BadConfig, VisemillError
from services.base.run import paths
from services.base.run.spec import RunSpec
from services.base.store.input_roots import open_inputs
from services.base.store.interface import NotThere, Store

_NAME = "report.html"
_PLAYER_TIME_S = 60.0
# Of a training and its tests, below the output root.
_METRICS, _LOG, _TESTS, _SCORES = "metrics.jsonl", "logs/training.log", "tests", "scores.json"


def add_flags(parser: argparse.ArgumentParser) -> None:
    add_output_flags(parser)
    parser.add_argument(
        "--html", default="", metavar="FILE", help=f"file to write (default: .visemill/{_NAME} below the output root)"
    )
    parser.add_argument(
        "--sheets", type=int, default=4, help="clips to draw, or to play, flagged ones first (default: %(default)s)"
    )


def report(flags: argparse.Namespace) -> Answer:
    """Works at any time of a run; contact sheets need a finished one. Raises BadConfig."""
    if flags.sheets < 0:
        raise BadConfig("BAD_FLAGS", f"--sheets must be 0 or more, not {flags.sheets}")
    with Heartbeat("reading the run") as beat:
        return _report(flags, beat)


def _report(flags: argparse.Namespace, beat: Heartbeat) -> Answer:
    spec, state, outputs = find_run(flags.output_root, flags.state_root, flags.run)
    observed = observe(state, spec.run)
    pipeline = pipeline_of(spec.pipeline)
    parts = parts_of(state, [*earlier_runs(outputs), spec.run])
    quality, quarantine = quality_of(parts), quarantine_of(parts)
    beat.now("drawing contact sheets")
    sheets = list(_sheets(parts, state, outputs, quality, flags.sheets)) if observed.finished else []
    players = list(_players(parts, state, quality, flags.sheets)) if observed.finished and pipeline.plays else []
    passes = gang_facts(spec, state)
    tables = pipeline.report_tables(spec, quality, read_clips(state, spec)) if quality else ()
    findings = Findings(
        spec,
        observed.finished and all(one["finished"] for one in passes),
        [shard for part in parts for shard in part.done],
        quality,
        quarantine,
        sheets,
        len(quality) + len(quarantine) if len(parts) > 1 else num_found(spec, quarantine),
        pipeline.product,
        pipeline.splits,
        pipeline.figures,
        passes,
        players,
        [(one.title, one.heads, one.rows) for one in tables],
        {} if tables else {row.key: row.speaker_id for part in parts for row in read_clips(state, part.spec)},
        _training(spec, state, outputs),
    )
    beat.now("writing the page")
    # Names of folders that are no UTF-8 come as lone surrogates.
    data = page(findings).encode(errors="replace")
    if flags.html:
        target = str(Path(flags.html).absolute())
        _write(Path(target), data)
    else:
        outputs.put(f"{paths.STATE_DIR}/{_NAME}", data)
        target = f"{outputs.uri}/{paths.STATE_DIR}/{_NAME}"
    return Answer(
        f"report: {target}", {"report": target, "bytes": len(data), "sheets": len(sheets), "players": len(players)}
    )


def _training(spec: RunSpec, state: Store, outputs: Store) -> TrainingFindings | None:
    """Of a run whose result is that of a gang: what lies in its output, or in its state."""
    gang = next((gang for gang in spec.gangs if gang.at_root), None)
    if gang is None:
        return None
    tests = {}
    for name in sorted(entry.name for entry in outputs.list(f"{_TESTS}/") if entry.name.endswith(f"/{_SCORES}")):
        with contextlib.suppress(ValueError):
            tests[name.split("/")[1]] = json.loads(outputs.read(name))
    # Of a training that goes on, as far as its newest checkpoint.
    metrics = _found(outputs, _METRICS) or _found(state, paths.pass_metrics_file(spec.run, gang.name))
    return training_findings(metrics, _found(outputs, _LOG), tests, gang.config)


def _found(store: Store, name: str) -> bytes:
    try:
        return store.read(name)
    except NotThere:
        return b""


def _write(path: Path, data: bytes) -> None:
    """Raises BadConfig HTML_NOT_WRITTEN."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise BadConfig(
            "HTML_NOT_WRITTEN",
            f"--html {path} cannot be written ({error.strerror}): give a file in a folder that exists, has room and "
            "may be written",
        ) from error


def _sheets(
    parts: Sequence[Part], state: Store, outputs: Store, quality: Sequence[Mapping[str, Any]], num_sheets: int
) -> Iterator[Sheet]:
    """Flagged clips first, then the first of the rest."""
    shown = heapq.nsmallest(num_sheets, quality, key=lambda clip: (not clip["flags"], str(clip["key"])))
    made_by = _makers(parts, shown)
    with tempfile.TemporaryDirectory() as folder:
        for clip in shown:
            spec, key = made_by[file_of_line(clip)], str(clip["key"])
            picture = _preview(spec, state, key) or _draw(spec, state, outputs, key, Path(folder))
            if picture:
                yield Sheet(f"{key} {', '.join(clip['flags'])}".rstrip(), picture)


def _players(
    parts: Sequence[Part], state: Store, quality: Sequence[Mapping[str, Any]], num_players: int
) -> Iterator[Player]:
    """How the clips with the most flags begin; of those whose media cannot be reached or read, nothing."""
    worst = heapq.nsmallest(num_players, quality, key=lambda clip: (-len(clip["flags"]), str(clip["key"])))
    made_by = _makers(parts, worst)
    for clip in worst:
        spec, key = made_by[file_of_line(clip)], str(clip["key"])
        with tempfile.TemporaryDirectory() as folder, contextlib.suppress(VisemillError, subprocess.TimeoutExpired):
            inputs = open_inputs(spec.media_roots, must_exist=True, follow_links=spec.follow_links)
            row = next(row for row in read_clips(state, spec) if row.key == key)
            target = Path(folder) / "excerpt.wav"
            argv = [sys.executable, "-m", "services.audio.excerpt"]
            argv += [str(local_file(inputs, row.media, Path(folder) / "media")), str(target)]
            done = subprocess.run(argv, capture_output=True, check=False, timeout=_PLAYER_TIME_S)
            if done.returncode == 0:
                yield Player(f"{key} {', '.join(clip['flags'])}".rstrip(), target.read_bytes())


def _makers(parts: Sequence[Part], clips: Sequence[Mapping[str, Any]]) -> dict[str, RunSpec]:
    """The run that made the file of each of these clips last."""
    files = {file_of_line(clip) for clip in clips}
    return {file: part.spec for part in parts for clip in part.quality if (file := file_of_line(clip)) in files}


def _preview(spec: RunSpec, state: Store, key: str) -> bytes:
    """The sidecar that the pipeline keeps for people, empty where there is none."""
    name = pipeline_of(spec.pipeline).preview
    try:
        return state.read(paths.sidecar_file(spec.run, key, name)) if name else b""
    except NotThere:
        return b""


def _draw(spec: RunSpec, state: Store, outputs: Store, clip_key: str, folder: Path) -> bytes:
    """A contact sheet by what shows the pipeline's files; empty when nothing does, or the record cannot be found."""
    row = next(row for row in read_clips(state, spec) if row.key == clip_key)
    name = pipeline_of(spec.pipeline).file_of(spec, row)
    path = outputs.local_path(name)
    if path is None:
        path = folder / name
        if not path.exists():
            outputs.fetch(name, path)
    target = folder / "sheet.png"
    target.unlink(missing_ok=True)
    key = f"{row.speaker_id}/{row.utterance_id}"
    try:
        module = inspector_of(name, spec.pipeline)
    except BadConfig:
        return b""
    argv = [sys.executable, "-m", module, str(path), "--key", key, "--png", str(target), "-o", "json"]
    done = subprocess.run(argv, capture_output=True, check=False)
    return target.read_bytes() if done.returncode == 0 and target.exists() else b""
