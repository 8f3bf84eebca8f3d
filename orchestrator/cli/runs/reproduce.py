"""`visemill reproduce`: one clip of a run, through the same stages, outside the run."""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from orchestrator.cli.answer import Answer
from orchestrator.cli.options import add_output_flags
from orchestrator.cli.runs.request import clip_limits_of
from orchestrator.cli.runs.run_options import add_limit_flags
from orchestrator.console.escape import one_line
from orchestrator.console.heartbeat import Heartbeat
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.planner.services import run_service
from orchestrator.roots import find_run
from orchestrator.runs.commits.observe import read_clips
from services.base.errors import EXIT_BUG, EXIT_OK, EXIT_QUARANTINED, BadConfig
from services.base.run.manifest import ClipRow
from services.base.run.spec import RunSpec
from services.base.store.input_roots import open_inputs
from services.base.store.interface import ReadableStore, Store
from services.base.store.picture_folders import fetch_media, local_media


def add_flags(parser: argparse.ArgumentParser) -> None:
    add_output_flags(parser)
    parser.add_argument("--clip", required=True, help="key of the clip, such as s1/bbaf2n or folder/video.mp4")
    parser.add_argument("--save", default="", help="write the outputs of the stages to this folder")
    add_limit_flags(parser)


def reproduce(flags: argparse.Namespace) -> Answer:
    """What became of the clip, as the stages say it. Raises BadConfig NO_SUCH_CLIP."""
    spec, state, _ = find_run(flags.output_root, flags.state_root, flags.run)
    row = find_clip(spec, state, flags.clip)
    inputs = open_inputs(spec.media_roots, must_exist=True, follow_links=spec.follow_links)
    time_s, memory_mib = clip_limits_of(flags, pipeline_of(spec.pipeline))
    with tempfile.TemporaryDirectory() as folder:
        argv = [str(local_file(inputs, row.media, Path(folder))), "--clip", clip_as_json(row)]
        for extra in row.extras:
            argv += ["--extra", f"{extra.role}={local_file(inputs, extra.path, Path(folder))}"]
        argv += ["--config", json.dumps({stage.name: dict(stage.config) for stage in spec.stages})]
        argv += ["--clip-time-s", str(time_s), "--clip-memory-mib", str(memory_mib)]
        argv += ["--save", flags.save] if flags.save else []
        names = ",".join(stage.name for stage in spec.stages)
        limit_s = 2 * time_s + 300
        with Heartbeat(f"processing {row.key!r}"):
            output = run_service(names, "once", *argv, limit_s=limit_s, accept=(EXIT_OK, EXIT_QUARANTINED, EXIT_BUG))
    answer = json.loads(output)
    text = [f"{one_line(row.key)}: {answer['outcome']} {answer.get('reason', '')} {answer.get('message', '')}".rstrip()]
    text += [f"  {name}: {value}" for name, value in answer.items() if name not in ("outcome", "reason", "message")]
    return Answer("\n".join(text), answer, EXIT_OK if answer["outcome"] == "ok" else EXIT_QUARANTINED)


def find_clip(spec: RunSpec, state: Store, key: str) -> ClipRow:
    """The row of a key. Raises BadConfig."""
    manifest = read_clips(state, spec)
    first = ""
    for row in manifest:
        if row.key == key:
            return row
        first = first or row.key
    raise BadConfig(
        "NO_SUCH_CLIP",
        f"--clip {key!r} is none of the {manifest.num_clips} clips of run {spec.run}; the first of them is {first!r}",
    )


def clip_as_json(row: ClipRow) -> str:
    """What the `once` entry point is told of a clip, so that it makes what the run made."""
    clip = {"key": row.key, "utterance_id": row.utterance_id, "speaker_id": row.speaker_id, "split": row.split}
    output = {name: value for name, value in asdict(row.attributes).items() if value not in ("", None)}
    return json.dumps(clip | ({"attributes": output} if output else {}))


def local_file(inputs: ReadableStore, name: str, folder: Path) -> Path:
    """The file, or folder of pictures, itself on a disk, or a copy in the folder."""
    path = local_media(inputs, name)
    if path is None:
        # An absolute name would lead out of the folder.
        path = folder / name.replace("://", "/").lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        fetch_media(inputs, name, path)
    return path
