"""`python -m services.records.tts.unpack OUTPUT [--to FOLDER] [--overwrite] [-o text|json]`.

Writes the four features of each clip in the Arrow files of an output as .npy files, which the manifests name. OUTPUT
and FOLDER: paths or s3:// URIs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from services.base.errors import EXIT_OK, BadConfig, VisemillError
from services.base.store.interface import ReadableStore, Store
from services.base.store.open import open_store
from services.formats.manifests import Record, json_records
from services.formats.npy import encode_npy
from services.records.tts.arrow import stored_rows
from services.records.tts.names import ARROW, ARROW_FOLDER, FOLDERS, MANIFESTS, feature_file, stem_of
from services.records.tts.validate import path_field

_PIECE_BYTES = 8 << 20


@dataclass(frozen=True)
class Unpacked:
    """num_clips: rows read. num_written, num_kept: files written, and files that were there with the same bytes."""

    num_clips: int
    num_written: int
    num_kept: int


def unpack_at(output: str, to: str = "", *, overwrite: bool = False) -> Unpacked:
    """output, to: paths or URIs; an empty `to` is the output itself. Raises as `unpack`, and BadConfig ROOT_MISSING."""
    source = open_store(output, must_exist=True)
    return unpack(source, open_store(to) if to else source, overwrite=overwrite)


def unpack(source: ReadableStore, target: Store, *, overwrite: bool = False) -> Unpacked:
    """Every file appears whole. Where the target holds other features of a clip, none is written without overwrite.

    Raises BadConfig NO_ARROW without an Arrow file, and FILES_DIFFER; BadInput BAD_ARROW for one that is torn, BAD_NAME
    for an id that names no file.
    """
    shards = [entry.name for entry in source.list(f"{ARROW_FOLDER}/") if entry.name.endswith(ARROW)]
    if not shards:
        raise BadConfig(
            "NO_ARROW", f"{source.uri} has no {ARROW_FOLDER}/*{ARROW}: give the output of a run with --storage arrow"
        )
    stems = _renamed(source)
    has_files = any(next(iter(target.list(f"{folder}/")), None) for folder in FOLDERS)
    if has_files and not overwrite:
        _refuse_other_files(source, target, shards, stems)
    num_clips = num_written = num_kept = 0
    for clip in _clips(source, shards, stems):
        num_clips += 1
        for name, data in clip:
            if has_files and _holds(target, name, data):
                num_kept += 1
                continue
            target.put(name, data)
            num_written += 1
    return Unpacked(num_clips, num_written, num_kept)


def _clips(source: ReadableStore, shards: Sequence[str], stems: Mapping[str, str]) -> Iterator[list[tuple[str, bytes]]]:
    """The files of each clip, by name."""
    for row in itertools.chain.from_iterable(stored_rows(source, shard) for shard in shards):
        stem = stems.get(row.id, row.id)
        yield [(feature_file(feature, stem), encode_npy(array)) for feature, array in row.arrays.items()]


def _refuse_other_files(source: ReadableStore, target: Store, shards: Sequence[str], stems: Mapping[str, str]) -> None:
    for name, data in itertools.chain.from_iterable(_clips(source, shards, stems)):
        if target.stat(name) is not None and not _holds(target, name, data):
            raise BadConfig(
                "FILES_DIFFER", f"{name} in {target.uri} is not what the Arrow file holds: give --overwrite, or --to"
            )


def _holds(target: Store, name: str, data: bytes) -> bool:
    entry = target.stat(name)
    return entry is not None and entry.size_bytes == len(data) and target.read(name) == data


def _renamed(source: ReadableStore) -> dict[str, str]:
    """Id -> the stem of its files, where the manifests name another than the id: few, of a million."""
    stems = {}
    for name in MANIFESTS:
        if source.stat(name) is None:
            continue
        for record in json_records(_pieces(source, name)):
            if isinstance(record, Record):
                clip_id = str(record.values.get("id"))
                stem = stem_of("codes", str(record.values.get(path_field("codes"))))
                if stem is not None and stem != clip_id:
                    stems[clip_id] = stem
    return stems


def _pieces(store: ReadableStore, name: str) -> Iterator[bytes]:
    for offset in itertools.count(0, _PIECE_BYTES):
        piece = store.read(name, offset, _PIECE_BYTES)
        if not piece:
            return
        yield piece


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Exit codes are those of services/base/errors.py."""
    parser = argparse.ArgumentParser(prog="python -m services.records.tts.unpack", description=__doc__)
    parser.add_argument("output", help="output of a run with --storage arrow: a folder, or s3://bucket/prefix")
    parser.add_argument("--to", default="", help="where the files go; empty: into the output itself")
    parser.add_argument("--overwrite", action="store_true", help="replace files that hold something else")
    parser.add_argument("-o", choices=("text", "json"), default="text", dest="form", help="form (default: %(default)s)")
    flags = parser.parse_args(argv)
    try:
        made = unpack_at(flags.output, flags.to, overwrite=flags.overwrite)
    except VisemillError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    text = f"{made.num_clips} clips: {made.num_written} files written, {made.num_kept} were there"
    sys.stdout.write((json.dumps(asdict(made)) if flags.form == "json" else text) + "\n")
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
