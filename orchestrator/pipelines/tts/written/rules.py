"""Where the features of a clip lie in an output of the tts pipeline, and the rules that `verify` holds them to."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from orchestrator.pipelines.base import Agreement, Names, same_bytes
from orchestrator.pipelines.tts.manifests.index import ManifestIndex, SortedIndex
from services.base.errors import BadInput
from services.base.run.manifest import ClipRow
from services.base.run.spec import RunSpec
from services.base.stage.spec import ByName
from services.base.store.interface import NotThere, Store
from services.formats.manifests import Record, json_records
from services.formats.npy import encode_npy
from services.records.tts.agreement import disagreements, tolerance_of
from services.records.tts.names import ARROW, FOLDERS, MANIFESTS, arrow_file, feature_file, output_name, stem_of
from services.records.tts.validate import (
    Breach,
    check_lengths,
    check_record,
    decode_files,
    differing,
    path_field,
    validate,
)

_PIECE_BYTES = 8 << 20
_STORED_ROWS = ByName("services.records.tts.arrow:stored_rows")


def storage_of(spec: RunSpec) -> str:
    """npy, arrow or both."""
    return next(str(stage.config.get("storage", "npy")) for stage in spec.stages if stage.name == "ttsfiles")


def file_of(spec: RunSpec, row: ClipRow) -> str:
    """The text ids of a clip, the first of its files; or its shard's Arrow file."""
    if storage_of(spec) == "arrow":
        return arrow_file(row.shard, spec.num_shards)
    return feature_file(FOLDERS[0], row.utterance_id)


def file_of_product(spec: RunSpec, row: ClipRow, name: str) -> str:
    """Where a file of a clip's product lies; empty where it is packed with others, into its file_of."""
    return "" if storage_of(spec) == "arrow" else output_name(row.utterance_id, name)


def payloads(outputs: Store, name: str) -> Iterator[tuple[int, bytes]]:
    """The file itself; of an Arrow file the four npy of each row, one after another by name. Raises BadInput."""
    if not name.endswith(ARROW):
        yield 0, outputs.read(name)
        return
    for place, row in enumerate(_STORED_ROWS(outputs, name)):
        yield place, b"".join(encode_npy(row.arrays[feature]) for feature in sorted(row.arrays))


def compare(spec: RunSpec, kept: bytes, made: bytes) -> Agreement:
    """Bytes are compared; features that a server or a padded batch computed agree within a tolerance."""
    tolerance = tolerance_of({stage.name: stage.config for stage in spec.stages})
    if tolerance is None or kept == made:
        return same_bytes(spec, kept, made)
    try:
        return Agreement(*disagreements(kept, made, tolerance))
    except BadInput as error:
        return Agreement((error.message,))


def check_outputs(spec: RunSpec, outputs: Store, names: Names) -> Iterator[tuple[str, str]]:
    """(file, rule and message) of every rule that a manifest, or the features that it names, break.

    Features are read a clip at a time.
    """
    storage = storage_of(spec)
    lines = ManifestIndex()
    for manifest in MANIFESTS:
        try:
            yield from _check_manifest(outputs, manifest, lines, has_files=storage != "arrow")
        except NotThere:
            # Whoever published it is asked for it; without it nothing can be judged.
            return
    known = lines.sorted()
    yield from _repeated(outputs, known)
    for name in names:
        stem = stem_of("codes", name)
        if stem is not None and not known.has_codes(stem):
            yield name, "NOT_IN_MANIFEST: no manifest has a line of this clip: resume the run, or delete its files"
        if name.endswith(ARROW):
            yield from _check_arrow(outputs, name, known, has_files=storage == "both")
    if storage == "arrow" and known.num_unseen:
        yield MANIFESTS[0], f"NOT_IN_ARROW: {known.num_unseen} clips of the manifests are in no Arrow file: resume"


def _check_manifest(
    outputs: Store, manifest: str, lines: ManifestIndex, *, has_files: bool
) -> Iterator[tuple[str, str]]:
    for line in json_records(_pieces(outputs, manifest)):
        if not isinstance(line, Record):
            yield manifest, f"{line.reason}: line {line.number}: {line.message}"
            continue
        if breaches := check_record(line.values):
            yield from ((manifest, f"{b.rule}: line {line.number}: {b.message}") for b in breaches)
            continue
        lines.add(line.values)
        if has_files:
            yield from _check_files(outputs, line.values)


def _check_files(outputs: Store, record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    files = {}
    for feature in FOLDERS:
        path = record[path_field(feature)]
        try:
            files[feature] = outputs.read(path)
        except BadInput as error:
            yield path, f"PATH: the manifest names it for {record['id']!r}, and {error.message}"
    arrays, torn = decode_files(files)
    for breach in (*torn, *_of_clip(record, arrays)):
        yield record[path_field(breach.feature)], f"{breach.rule}: {breach.message}"


def _of_clip(lengths: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Iterator[Breach]:
    """What is wrong with the arrays, and where their lengths are none of those of the manifest's line."""
    found = validate(arrays)
    wrong = {breach.feature for breach in found}
    yield from found
    yield from check_lengths(lengths, {name: array for name, array in arrays.items() if name not in wrong})


def _repeated(outputs: Store, known: SortedIndex) -> Iterator[tuple[str, str]]:
    """A problem for each line whose id another one has."""
    for manifest in MANIFESTS if known.has_repeated else ():
        for line in json_records(_pieces(outputs, manifest)):
            if isinstance(line, Record) and known.is_repeated(str(line.values.get("id"))):
                yield manifest, f"DUPLICATE_ID: line {line.number}: {line.values['id']!r} has several lines"


def _check_arrow(outputs: Store, name: str, known: SortedIndex, *, has_files: bool) -> Iterator[tuple[str, str]]:
    try:
        for row in _STORED_ROWS(outputs, name):
            line = known.take(row.id)
            if line is None:
                yield name, f"NOT_IN_MANIFEST: no manifest has a line of {row.id!r}: resume the run"
                continue
            stem, lengths = line
            for breach in _of_clip(lengths, row.arrays):
                yield name, f"{breach.rule}: {row.id!r}: {breach.feature}: {breach.message}"
            if has_files and (others := differing(row.arrays, _arrays_of(outputs, stem))):
                yield name, f"DIFFERS: {row.id!r}: {', '.join(others)} are not what its npy files hold"
    except NotThere as error:
        yield name, f"GONE: {error.message}"
    except BadInput as error:
        yield name, f"{error.reason}: {error.message}"


def _arrays_of(outputs: Store, stem: str) -> dict[str, np.ndarray]:
    files = {}
    for feature in FOLDERS:
        try:
            files[feature] = outputs.read(feature_file(feature, stem))
        except NotThere:
            continue
    return decode_files(files)[0]


def _pieces(outputs: Store, name: str) -> Iterator[bytes]:
    for offset in itertools.count(0, _PIECE_BYTES):
        piece = outputs.read(name, offset, _PIECE_BYTES)
        if not piece:
            return
        yield piece
