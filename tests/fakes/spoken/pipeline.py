"""The pipeline `spoken`: the clips that a manifest names, wherever they lie, and what it says of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tones.pipeline import check, payloads

from orchestrator.pipelines.base import DataSet, Inputs, Made, Pipeline, Summaries
from orchestrator.pipelines.media_manifest import Columns, ManifestClips, read_clips, search_order
from services.base.run.manifest import ClipRow
from services.base.run.spec import RunSpec
from services.base.stage.fields import FileRef, option


@dataclass(frozen=True)
class SpokenOptions:
    """What a user may choose."""

    manifest: FileRef = option("", "JSON lines or CSV with id, audio, text, language, duration", group="data set")
    num_shards: int = option(4, "units of work and retry", group="output")
    hold: str = option("", "NAME=FILE: the clip of that name waits while the file is there", group="limits")


def stages(options: SpokenOptions) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    return ("audio", {}), ("spoken", {"hold": options.hold})


def clips(inputs: Inputs, options: SpokenOptions) -> ManifestClips:
    return read_clips(inputs, "--manifest", options.manifest, Columns(), search_order(inputs, options.manifest))


def read(inputs: Inputs, options: SpokenOptions) -> DataSet:
    found = clips(inputs, options)
    rows = found.frozen(options.num_shards, lambda key: "train")
    problems = tuple(problem.entry(options.manifest) for problem in found.problems)
    return DataSet(rows, problems, roots=found.roots)


def count(inputs: Inputs, options: SpokenOptions) -> int:
    return len(clips(inputs, options).clips)


def summary_files(made: Made) -> Summaries:
    said = {str(clip["key"]): [clip["text"], clip["language"], clip["stated_s"]] for clip in made.quality}
    return {"said.json": [json.dumps(said, ensure_ascii=False, sort_keys=True).encode()]}


def file_of(spec: RunSpec, row: ClipRow) -> str:
    del spec
    return f"{row.key}.npz"


PIPELINE = Pipeline(
    "spoken",
    "clips that a manifest names to spectral statistics, an npz a clip",
    SpokenOptions,
    stages,
    read,
    count,
    check,
    summary_files,
    file_of,
    payloads,
    product="clips",
)
