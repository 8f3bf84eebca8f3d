"""The pipeline `chinese-lips-lstm`: a training on tables and videos that are there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orchestrator.pipelines.base import DataSet, Inputs
from orchestrator.pipelines.catalog import Entry
from orchestrator.pipelines.chinese_lips_lstm.options import ChineseLipsOptions, gangs
from orchestrator.pipelines.training.pipeline import files_as_rows, training_pipeline
from services.base.errors import BadConfig
from services.training.data.lips.licence import MADE_HERE, not_attested
from services.training.data.lips.locating import is_video
from services.training.data.lips.table import TABLES
from services.training.recipes.chinese_lips_lstm.spec import FREE_SETTINGS, RECIPE


def read(inputs: Inputs, options: Any) -> DataSet:
    """Tables and videos, which the run's digest is of. Raises BadConfig NO_TRAIN_CLIPS, LICENCE_NOT_ATTESTED."""
    # A listing may be gone through once.
    entries = list(inputs.entries)
    found = _files(entries)
    if not any(entry.name == TABLES["train"] for entry, _ in found):
        raise BadConfig(
            "NO_TRAIN_CLIPS",
            f"{inputs.input_root} has no {TABLES['train']}: give the folder that holds the tables of Chinese-LiPS",
        )
    is_drawn = any(entry.name == MADE_HERE for entry in entries)
    # Who has begun the training in this folder has accepted it; the ranks have kept when.
    if not (options.accept_licence or is_drawn or inputs.earlier()):
        raise not_attested(inputs.input_root)
    return files_as_rows(found)


def count(inputs: Inputs, options: Any) -> int:  # noqa: ARG001
    """Tables and videos."""
    return len(_files(inputs.entries))


def _files(entries: Iterable[Entry]) -> list[tuple[Entry, str]]:
    """By name. All of one split: which is whose, the tables tell."""
    tables = set(TABLES.values())
    wanted = (entry for entry in entries if entry.name in tables or is_video(entry.name))
    return [(entry, "train") for entry in sorted(wanted, key=lambda entry: entry.name)]


PIPELINE = training_pipeline(
    RECIPE.name,
    "a lipreader of Mandarin, from a Chinese-LiPS data set",
    ChineseLipsOptions,
    read,
    count,
    gangs,
    FREE_SETTINGS,
)
