"""The pipeline `grid-ctc`: a training on TFRecords that are there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from orchestrator.pipelines.base import DataSet, Inputs
from orchestrator.pipelines.catalog import Entry
from orchestrator.pipelines.grid_ctc.options import GridCtcOptions, gangs
from orchestrator.pipelines.training.pipeline import files_as_rows, training_pipeline
from services.base.errors import BadConfig
from services.training.recipes.grid_ctc.spec import FREE_SETTINGS

_RECORDS = re.compile(r"(train|val|test)-[0-9]{5}-of-[0-9]{5,6}\.tfrecord")


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
    return files_as_rows(found)


def count(inputs: Inputs, options: Any) -> int:  # noqa: ARG001
    """Files of records."""
    return len(_records(inputs.entries))


def _records(entries: Iterable[Entry]) -> list[tuple[Entry, str]]:
    """(file, split), by name."""
    matched = ((entry, _RECORDS.fullmatch(entry.name)) for entry in entries)
    return sorted(((entry, match[1]) for entry, match in matched if match), key=lambda one: one[0].name)


PIPELINE = training_pipeline(
    "grid-ctc",
    "a lipreader of GRID's sentences, from the records of a run",
    GridCtcOptions,
    read,
    count,
    gangs,
    FREE_SETTINGS,
)
