"""The files that a training of a talking head is of: persons' folders, as `visemill run talker` makes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from functools import partial
from typing import Any

from orchestrator.pipelines.base import DataSet, Inputs
from orchestrator.pipelines.catalog import Entry
from orchestrator.pipelines.training.pipeline import files_as_rows
from services.base.errors import BadConfig
from services.base.run.paths import STATE_DIR
from services.formats.talker.consent import KEPT_FILE, Consent, consent_at, consent_in, missing
from services.training.data.talker.consent import TRAINING_A_HEAD, today
from services.training.data.talker.names import names_of

_FOLDERS = ("full_body_img", "landmarks")
_FEATURES, _NPY = "aud_", ".npy"


def read(inputs: Inputs, options: Any) -> DataSet:
    """The files of the persons, which the run's digest is of. Raises BadConfig NO_PERSONS."""
    found = _files(inputs.entries, options)
    persons = {entry.name.partition("/")[0] for entry, _ in found}
    if missing := sorted(set(names_of(options.names)) - persons) or ([] if found else ["any person"]):
        raise BadConfig(
            "NO_PERSONS",
            f"{inputs.input_root} has no folder of {missing[0]} with {' and '.join(_FOLDERS)}: make it by `visemill "
            "run talker`, or give the folder above the persons' own as --data-root",
        )
    return files_as_rows(found)


def read_for_head(inputs: Inputs, options: Any) -> DataSet:
    """Likewise, of persons whose consent is there, told now or by an earlier call.

    Raises BadConfig NO_PERSONS, CONSENT_MISSING, and as `Consent.require`.
    """
    entries = list(inputs.entries)
    found = read(dataclasses.replace(inputs, entries=entries), options)
    persons = {entry.name.partition("/")[0] for entry, _ in _files(entries, options)}
    _consent_of(inputs, options, persons).require(persons, today())
    return found


def _consent_of(inputs: Inputs, options: Any, persons: Collection[str]) -> Consent:
    files = inputs.files
    if options.consent_statements:
        return consent_in(options.consent_statements.encode(), KEPT_FILE)
    if options.consent:
        return consent_at(options.consent, partial(files.read, "--consent"), partial(files.names, "--consent"))
    kept = files.read_if_there("--checkpoint-dir", f"{inputs.output_root.rstrip('/')}/{STATE_DIR}/{KEPT_FILE}")
    if kept is None:
        raise missing(TRAINING_A_HEAD, persons, today())
    return consent_in(kept, KEPT_FILE)


def count(inputs: Inputs, options: Any) -> int:
    """Files of the persons."""
    return len(_files(inputs.entries, options))


def _files(entries: Iterable[Entry], options: Any) -> list[tuple[Entry, str]]:
    """By name. All of one split: what is held out, the seed decides."""
    wanted = set(names_of(options.names))
    chosen = (entry for entry in entries if _is_of_person(entry.name) and entry.kind == "file")
    found = (entry for entry in chosen if not wanted or entry.name.partition("/")[0] in wanted)
    return [(entry, "train") for entry in sorted(found, key=lambda entry: entry.name)]


def _is_of_person(name: str) -> bool:
    _, _, file = name.partition("/")
    folder, slash, _ = file.partition("/")
    return folder in _FOLDERS if slash else file.startswith(_FEATURES) and file.endswith(_NPY)
