"""`visemill verify`: outputs against their digests, and a share of the clips made again and compared."""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import tempfile
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from orchestrator.cli.answer import Answer
from orchestrator.cli.options import add_output_flags
from orchestrator.cli.runs.reproduce import clip_as_json, local_file
from orchestrator.console.escape import one_line
from orchestrator.console.heartbeat import Heartbeat
from orchestrator.console.progress import Progress
from orchestrator.pipelines.base import Agreement, Names
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.planner.planning import limit_argv
from orchestrator.planner.services import service_lines
from orchestrator.roots import find_run
from orchestrator.runs.claim.claim import earlier_runs
from orchestrator.runs.commits.observe import observe, read_clips, read_quarantine
from orchestrator.runs.commits.outputs import FileTable, OutputFile
from orchestrator.runs.edited_files import edited_tables
from orchestrator.runs.gang.results import gangs_are_done, published_files
from orchestrator.runs.lineage import Part, files_of, parts_of
from orchestrator.runs.publish import summaries_of
from services.base.errors import EXIT_BAD_SHARD, EXIT_BUG, EXIT_OK, EXIT_QUARANTINED, BadConfig, VisemillError
from services.base.process.quantities import counted, num_bytes
from services.base.run.manifest import ClipRow
from services.base.run.spec import NO_SHARD, RunSpec, ShardCommit
from services.base.store.input_roots import open_inputs
from services.base.store.interface import NotThere, ReadableStore, Store

_PIECE_BYTES = 8 << 20
_CLIPS_A_CALL = 50
_GONE = "gone: resume, and it is made again"


def add_flags(parser: argparse.ArgumentParser) -> None:
    add_output_flags(parser)
    parser.add_argument(
        "--recompute",
        default="0%",
        help="share of the clips to recompute and compare, such as 5%% (default: %(default)s)",
    )


def verify(flags: argparse.Namespace) -> Answer:
    """Exits 0 when all is as it was written, 65 when anything differs."""
    spec, state, outputs = find_run(flags.output_root, flags.state_root, flags.run)
    observed = observe(state, spec.run)
    if not observed.finished or not gangs_are_done(spec, state):
        raise BadConfig(
            "NOT_FINISHED",
            f"run {spec.run} is not finished: `visemill resume --output-root {spec.output_root}` first",
        )
    parts = parts_of(state, [*earlier_runs(outputs), spec.run])
    made = files_of(state, parts)
    problems: list[dict[str, str]] = []
    summaries = summaries_of(spec, state)
    for gang in spec.gangs:
        summaries |= published_files(spec, gang, state) or {}
    edited = edited_tables(pipeline_of(spec.pipeline).tables(spec), summaries, outputs)
    own = [OutputFile(name, len(parts) - 1, facts) for name, facts in sorted(summaries.items()) if name not in edited]
    num_files = len(made) + len(own)
    gone: set[str] = set()
    num_read = 0
    with closing(Progress(num_files, 0, unit="files")) as progress, progress.ticking("comparing outputs"):
        for name, maker, facts in itertools.chain(made, own):
            problem = check_file(outputs, name, facts)
            if problem == _GONE:
                gone.add(name)
            if problem and maker < len(parts) - 1:
                later = f"of run {parts[maker].spec.run}, to which others were added since"
                problem += f" ({later}: give its command again)"
            num_read += int(facts["size_bytes"])
            progress.clip(ok=not problem)
            problems += [{"file": name, "problem": problem}] if problem else []
    with Heartbeat("checking the outputs against the rules of the pipeline"):
        problems += _broken_rules(spec, outputs, _Published(made, gone))
    wrong = {str(p["file"]) for p in problems}
    num_chosen = 0
    deviations: dict[str, float] = {}
    for i, part in enumerate(parts):
        every = choose(part.spec, state, part.done, share(flags.recompute), _adopted(part))
        chosen = [c for c in every if made.source_of(_file(part, c)) == i]
        num_chosen += len(chosen)
        problems += _recompute(part.spec, outputs, chosen, wrong, deviations)
    data = {
        "run": spec.run,
        "files": num_files,
        "bytes": num_read,
        "recomputed": num_chosen,
        "deviations": deviations,
        "edited": edited,
        "problems": problems,
    }
    lines = [
        f"{counted(num_files, 'file')} ({num_bytes(num_read)}) read, {counted(num_chosen, 'clip')} made again, "
        f"{counted(len(problems), 'problem')}"
    ]
    lines += [f"  {name}: up to {most:.2g} of its standard deviation apart" for name, most in deviations.items()]
    lines += [f"  {name} was changed since, as its user may: its digest is not compared" for name in edited]
    lines += [one_line(f"  {p['file']}: {p['problem']}") for p in problems]
    return Answer("\n".join(lines), data, EXIT_BAD_SHARD if problems else EXIT_OK)


def _adopted(part: Part) -> frozenset[str]:
    """Keys of clips whose files were there before the run, which would make others, a little apart."""
    if pipeline_of(part.spec.pipeline).adoption is None:
        return frozenset()
    return frozenset(str(line["key"]) for line in part.quality if line.get("adopted"))


def _file(part: Part, chosen: tuple[ClipRow, int]) -> str:
    return pipeline_of(part.spec.pipeline).file_of(part.spec, chosen[0])


class _Published:
    """Names of the files that are there (orchestrator.pipelines.base.Names), however many."""

    def __init__(self, files: FileTable, gone: Container[str]) -> None:
        self._files, self._gone = files, gone

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._files.names() if name not in self._gone)

    def __contains__(self, name: object) -> bool:
        return name in self._files and name not in self._gone


def _broken_rules(spec: RunSpec, outputs: Store, names: Names) -> list[dict[str, Any]]:
    """What the pipeline's own rules find, also in files that somebody has changed: which of them trainers can read."""
    found = pipeline_of(spec.pipeline).check_outputs(spec, outputs, names)
    return [{"file": name, "problem": message} for name, message in found]


def check_file(outputs: Store, name: str, facts: Mapping[str, Any]) -> str:
    """What is wrong with an output file, empty when nothing is."""
    entry = outputs.stat(name)
    if entry is None:
        return _GONE
    if entry.size_bytes != facts["size_bytes"]:
        return f"holds {entry.size_bytes} bytes, and {facts['size_bytes']} were written: delete it and resume"
    digest = hashlib.sha256()
    for offset in range(0, entry.size_bytes, _PIECE_BYTES):
        digest.update(outputs.read(name, offset, _PIECE_BYTES))
    if digest.hexdigest() != facts["sha256"]:
        return f"has sha256 {digest.hexdigest()[:16]}…, and {facts['sha256'][:16]}… was written: delete it and resume"
    return ""


def share(text: str) -> float:
    """0.05 of "5%" or "0.05". Raises BadConfig."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        if not 0 <= value <= 1:
            raise ValueError
    except ValueError:
        raise BadConfig("BAD_SHARE", f"--recompute {text!r} must be a share such as 5% or 0.05") from None
    return value


def choose(
    spec: RunSpec, state: Store, done: Sequence[ShardCommit], part: float, left_out: Container[str] = frozenset()
) -> list[tuple[ClipRow, int]]:
    """(row, its place among the records of its file), the same clips every time: by the digest of the key.

    left_out: keys of clips that are not chosen. At least one where there is one: a share of a small run that comes to
    no clip would find nothing wrong.
    """
    if part <= 0:
        return []
    manifest = read_clips(state, spec)
    lines = read_quarantine(state, spec, [d.shard for d in done])
    quarantined = {line["key"] for line in lines if line.get("shard") != NO_SHARD}
    pipeline = pipeline_of(spec.pipeline)
    chosen: list[tuple[ClipRow, int]] = []
    first: tuple[float, ClipRow, int] | None = None
    for shard in range(spec.num_shards):
        places: dict[str, int] = {}
        for row in manifest.rows(shard):
            if row.key in quarantined:
                continue
            file = pipeline.file_of(spec, row)
            place = places.setdefault(file, 0)
            places[file] += 1
            lot = int.from_bytes(hashlib.sha256(f"verify {row.key}".encode()).digest()[:4]) / 2**32
            if row.key in left_out:
                continue
            if lot < part:
                chosen.append((row, place))
            if first is None or lot < first[0]:
                first = lot, row, place
    return chosen or ([first[1:]] if first else [])


def _recompute(
    spec: RunSpec,
    outputs: Store,
    chosen: Sequence[tuple[ClipRow, int]],
    wrong: set[str],
    deviations: dict[str, float],
) -> list[dict[str, Any]]:
    """Clips that are others when they are made again; files already known to be wrong are left out.

    deviations: gets the largest one of each field that is compared within a tolerance.
    """
    if not chosen:
        return []
    inputs = open_inputs(spec.media_roots, must_exist=True, follow_links=spec.follow_links)
    problems: list[dict[str, Any]] = []
    with closing(Progress(len(chosen), 0)) as progress, progress.ticking("recomputing"):
        progress.say(f"recomputing {counted(len(chosen), 'clip')}; loading models")
        for first in range(0, len(chosen), _CLIPS_A_CALL):
            batch = chosen[first : first + _CLIPS_A_CALL]
            with tempfile.TemporaryDirectory() as folder:
                made = _make_again(spec, inputs, [row for row, _ in batch], Path(folder), progress)
                for key, kept, again in _pairs(spec, outputs, batch, made, wrong):
                    found = _agreement(spec, kept, again)
                    problems += [{"file": key, "problem": problem} for problem in found.problems]
                    for name, value in found.deviations.items():
                        deviations[name] = max(value, deviations.get(name, 0.0))
    return problems


def _agreement(spec: RunSpec, kept: bytes | None, made: Path | str) -> Agreement:
    """kept: None where the output has no such file. made: the payload's file, or why there is none."""
    if isinstance(made, str):
        return Agreement((f"is not made again: {made}",))
    if kept is None:
        return Agreement(("is made now, and is not in the output",))
    return pipeline_of(spec.pipeline).compare(spec, kept, b"".join(path.read_bytes() for path in _files(made)))


def _files(made: Path) -> list[Path]:
    """The file, or the files of the folder, by name."""
    return sorted(path for path in made.rglob("*") if path.is_file()) if made.is_dir() else [made]


def _make_again(
    spec: RunSpec, inputs: ReadableStore, rows: Sequence[ClipRow], folder: Path, progress: Progress
) -> dict[str, Path | str]:
    """Key -> the file, or the folder of the files, of its product, or why there is none. Progress is told of each clip
    as it comes.
    """
    argv = [str(local_file(inputs, row.media, folder)) for row in rows]
    for row in rows:
        argv += ["--clip", clip_as_json(row)]
        for extra in row.extras:
            argv += ["--extra", f"{extra.role}={local_file(inputs, extra.path, folder)}"]
    argv += ["--config", json.dumps({stage.name: dict(stage.config) for stage in spec.stages})]
    argv += ["--save", str(folder / "made"), *limit_argv(spec)]
    names = ",".join(stage.name for stage in spec.stages)
    answers = service_lines(names, "once", *argv, limit_s=3600, accept=(EXIT_OK, EXIT_QUARANTINED, EXIT_BUG))
    made: dict[str, Path | str] = {}
    for row, line in zip(rows, answers, strict=True):
        answer = json.loads(line)
        progress.clip(ok=answer["outcome"] == "ok")
        if answer["outcome"] == "ok":
            made[row.key] = Path(list(answer["saved"].values())[-1])
        else:
            made[row.key] = f"{answer['reason']}: {answer['message']}"
    return made


def _pairs(
    spec: RunSpec,
    outputs: Store,
    batch: Sequence[tuple[ClipRow, int]],
    made: Mapping[str, Path | str],
    wrong: set[str],
) -> Iterator[tuple[str, bytes | None, Path | str]]:
    """(key, or output file of a product of many; what the output has of it; the same made again)."""
    output_name = pipeline_of(spec.pipeline).output_name
    alone = []
    for row, place in batch:
        again = made[row.key]
        if output_name is None or isinstance(again, str) or not again.is_dir():
            alone.append((row, place))
            continue
        files = {output_name(spec, row, file.relative_to(again).as_posix()): file for file in _files(again)}
        if "" in files:
            alone.append((row, place))
            continue
        for name, file in files.items():
            if name not in wrong:
                yield name, _read(outputs, name), file
    for key, kept in _stored(spec, outputs, alone, wrong):
        yield key, kept, made[key]


def _read(outputs: Store, name: str) -> bytes | None:
    try:
        return outputs.read(name)
    except NotThere:
        return None


def _stored(
    spec: RunSpec, outputs: Store, batch: Sequence[tuple[ClipRow, int]], wrong: set[str]
) -> Iterator[tuple[str, bytes]]:
    """(key, payload) of these clips in the output."""
    pipeline = pipeline_of(spec.pipeline)
    wanted = {(pipeline.file_of(spec, row), place): row.key for row, place in batch}
    for name in sorted({name for name, _ in wanted} - wrong):
        try:
            for place, payload in pipeline.payloads(outputs, name):
                key = wanted.get((name, place))
                if key is not None:
                    yield key, payload
        except VisemillError as error:
            raise BadConfig("OUTPUT_TORN", f"{name}: {error.message}") from error
