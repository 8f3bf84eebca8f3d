"""The files that a training on Chinese-LiPS is of: tables and videos, or records made of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from orchestrator.pipelines.base import DataSet, Inputs
from orchestrator.pipelines.catalog import Entry
from orchestrator.pipelines.training.pipeline import files_as_rows
from services.base.errors import BadConfig
from services.formats.lips_clips import CLIPS_FILE, META_FILE
from services.training.data.lips.licence import ATTESTED_FILE, MADE_HERE, not_attested, says_attested, says_unlicensed
from services.training.data.lips.locating import is_video
from services.training.data.lips.table import TABLES


def read(inputs: Inputs, options: Any) -> DataSet:
    """Tables and videos, or records, which the run's digest is of.

    Raises BadConfig NO_TRAIN_CLIPS, LICENCE_NOT_ATTESTED.
    """
    # A listing may be gone through once.
    entries = list(inputs.entries)
    found = _files(entries)
    names = {entry.name for entry, _ in found}
    if not names & {TABLES["train"], CLIPS_FILE}:
        raise BadConfig(
            "NO_TRAIN_CLIPS",
            f"{inputs.input_root} has no {TABLES['train']} and no {CLIPS_FILE}: give the folder that holds the "
            "tables of Chinese-LiPS, or the output of `visemill run lips`",
        )
    is_drawn = any(entry.name == MADE_HERE for entry in entries)
    # Who has begun the training in this folder has accepted it; the ranks have kept when.
    if not (options.accept_licence or is_drawn or _is_settled(inputs, names) or inputs.earlier()):
        raise not_attested(inputs.input_root)
    return files_as_rows(found)


def count(inputs: Inputs, options: Any) -> int:  # noqa: ARG001
    """Tables and videos, or files of records."""
    return len(_files(inputs.entries))


def _is_settled(inputs: Inputs, names: Collection[str]) -> bool:
    """Whether the data set says that its licence was accepted, or that none holds."""
    root = inputs.input_root.rstrip("/")
    if inputs.files.read_if_there("--data-root", f"{root}/{ATTESTED_FILE}") is not None:
        return True
    meta = inputs.files.read_if_there("--data-root", f"{root}/{META_FILE}") if CLIPS_FILE in names else None
    return meta is not None and (says_attested(meta) or says_unlicensed(meta))


def _files(entries: Iterable[Entry]) -> list[tuple[Entry, str]]:
    """By name. All of one split: which is whose, the tables tell."""
    entries = list(entries)
    if any(entry.name == CLIPS_FILE for entry in entries):
        wanted = [e for e in entries if e.name == CLIPS_FILE or e.name.endswith(".tfrecord")]
    else:
        tables = set(TABLES.values())
        wanted = [entry for entry in entries if entry.name in tables or is_video(entry.name)]
    return [(entry, "train") for entry in sorted(wanted, key=lambda entry: entry.name)]
