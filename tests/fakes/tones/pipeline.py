"""The pipeline `tones`: every wav below the input root, its waveform decoded, its spectrum measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.pipelines.base import DataSet, Inputs, Made, Pipeline, Summaries
from services.base.run.manifest import ClipRow, ClipTable
from services.base.run.sharding import assign_shards
from services.base.run.spec import RunSpec
from services.base.stage.fields import option
from services.base.store.interface import Entry, Store
from tones.writer import output_name


@dataclass(frozen=True)
class TonesOptions:
    """What a user may choose."""

    num_shards: int = option(4, "units of work and retry", group="output")
    window_samples: int = option(512, "samples in a window", group="output")
    tree: bool = option(False, "make a folder of each clip, its windows among its files", group="output")
    hold: str = option("", "NAME=FILE: the clip of that name waits while the file is there", group="limits")


def stages(options: TonesOptions) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    settings = {"hold": options.hold, "tree": options.tree, "window_samples": options.window_samples}
    return ("audio", {"chunk_samples": 1000}), ("spectrum", settings)


def wavs(entries: Iterable[Entry]) -> list[Entry]:
    return sorted((entry for entry in entries if entry.name.endswith(".wav")), key=lambda entry: entry.name)


def read(inputs: Inputs, options: TonesOptions) -> DataSet:
    found = wavs(inputs.entries)
    places = assign_shards([entry.name for entry in found], options.num_shards)
    rows = [
        ClipRow(
            key=entry.name,
            utterance_id=entry.name.removesuffix(".wav").replace("/", "__"),
            speaker_id="",
            media=entry.name,
            split="train",
            shard=int(places.shard_N[i]),
            position=int(places.position_N[i]),
            idx=i,
            size_bytes=entry.size_bytes,
            version=entry.version,
        )
        for i, entry in enumerate(found)
    ]
    return DataSet(ClipTable.of_rows(sorted(rows, key=lambda row: (row.shard, row.position))))


def count(inputs: Inputs, options: TonesOptions) -> int:
    del options
    return len(wavs(inputs.entries))


def check(row: ClipRow, extras: Mapping[str, bytes]) -> list[tuple[str, str]]:
    del row, extras
    return []


def summary_files(made: Made) -> Summaries:
    windows = {str(clip["key"]): clip["windows"] for clip in made.quality}
    return {"meta.json": [json.dumps({"clips": len(windows), "windows": sum(windows.values())}).encode()]}


def file_of(spec: RunSpec, row: ClipRow) -> str:
    return name_in_output(spec, row, "clip.npz")


def name_in_output(spec: RunSpec, row: ClipRow, name: str) -> str:
    return output_name(row.utterance_id, name, bool(spec.stages[-1].config.get("tree", False)))


def payloads(outputs: Store, name: str) -> Iterator[tuple[int, bytes]]:
    yield 0, outputs.read(name)


PIPELINE = Pipeline(
    "tones",
    "wav files to spectral statistics, an npz a clip",
    TonesOptions,
    stages,
    read,
    count,
    check,
    summary_files,
    file_of,
    payloads,
    product="clips",
    output_name=name_in_output,
)
