"""The pipeline `grid-ctc`: no pass over clips, and one gang pass, which reads TFRecords that are there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from orchestrator.pipelines.base import DataSet, Inputs, Made, Pipeline, Summaries
from orchestrator.pipelines.catalog import Entry
from orchestrator.pipelines.data_sets import OutputFlag
from orchestrator.pipelines.grid_ctc.options import GridCtcOptions, gangs
from orchestrator.pipelines.needs import Need, PackageNeed, pip_install
from services.base.errors import BadConfig
from services.base.run.manifest import ClipRow, ClipTable
from services.base.run.spec import RunSpec
from services.base.store.interface import Store

_RECORDS = re.compile(r"(train|val|test)-[0-9]{5}-of-[0-9]{5,6}\.tfrecord")


def stages(options: Any) -> tuple[tuple[str, Mapping[str, Any]], ...]:  # noqa: ARG001
    """None: the records are made already."""
    return ()


def read(inputs: Inputs, options: Any) -> DataSet:
    """The files of records, which the run's digest is of. Raises BadConfig NO_TRAIN_CLIPS, NO_DATA_ROOT."""
    if not options.data_root:
        raise BadConfig("NO_DATA_ROOT", "say where the records are: --data-root FOLDER, the output of `visemill run`")
    found = _records(inputs.entries)
    if not any(split == "train" for _, split in found):
        raise BadConfig(
            "NO_TRAIN_CLIPS",
            f"{inputs.input_root} has no file train-00000-of-00004.tfrecord or the like: give the output of a "
            "`visemill run grid` that is finished",
        )
    rows = [
        ClipRow(
            key=entry.name,
            utterance_id=entry.name,
            speaker_id="",
            media=entry.name,
            split=split,
            shard=0,
            position=i,
            idx=i,
            size_bytes=entry.size_bytes,
            version=entry.version,
        )
        for i, (entry, split) in enumerate(found)
    ]
    return DataSet(ClipTable.of_rows(rows))


def count(inputs: Inputs, options: Any) -> int:  # noqa: ARG001
    """Files of records."""
    return len(_records(inputs.entries))


def default_root(options: Any) -> str:
    """The folder of the records."""
    return str(options.data_root)


def check(row: ClipRow, extras: Mapping[str, bytes]) -> list[tuple[str, str]]:  # noqa: ARG001
    """Nothing: the ranks verify what they read."""
    return []


def summary_files(run: Made) -> Summaries:  # noqa: ARG001
    """None: the result is that of the gang pass."""
    return {}


def file_of(spec: RunSpec, row: ClipRow) -> str:  # noqa: ARG001
    """The file itself, which is of the data set."""
    return row.media


def payloads(outputs: Store, name: str) -> Iterator[tuple[int, bytes]]:  # noqa: ARG001
    """None."""
    return iter(())


def needs(options: Any) -> tuple[Need, ...]:  # noqa: ARG001
    """Torch, and what counts errors."""
    fix = pip_install("visemill[train]")
    return (
        Need("training", PackageNeed("torch"), "lipreaders that learn", fix),
        Need("scores", PackageNeed("jiwer"), "errors of what a lipreader reads", fix),
    )


def _records(entries: Iterable[Entry]) -> list[tuple[Entry, str]]:
    """(file, split), by name."""
    matched = ((entry, _RECORDS.fullmatch(entry.name)) for entry in entries)
    return sorted(((entry, match[1]) for entry, match in matched if match), key=lambda one: one[0].name)


PIPELINE = Pipeline(
    "grid-ctc",
    "a lipreader of GRID's sentences, from the records of a run",
    GridCtcOptions,
    stages,
    read,
    count,
    check,
    summary_files,
    file_of,
    payloads,
    default_root=default_root,
    root_flag="--data-root",
    output_flag=OutputFlag("--checkpoint-dir", "checkpoints"),
    needs=needs,
    extra="train",
    product="weights",
    gangs=gangs,
)
