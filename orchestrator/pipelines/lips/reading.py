"""The tables and videos of Chinese-LiPS as a data set of clips: which video shows what, and who goes to which split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.pipelines.base import DataSet, Inputs
from orchestrator.pipelines.lips.options import LipsOptions
from services.base.errors import BadConfig
from services.base.media.clip import ClipAttributes
from services.base.run.manifest import ClipRow, ClipTable
from services.base.run.sharding import assign_shards
from services.base.run.spec import QuarantineEntry
from services.base.store.interface import Entry
from services.training.data.lips.licence import ATTESTED_FILE, MADE_HERE, not_attested
from services.training.data.lips.locating import LeftOutRow, VideoFiles, located
from services.training.data.lips.table import TABLES, LipsRow, read_tables
from services.training.data.sharing import shared_speakers

_LANGUAGE = "zh"


class _Found(NamedTuple):
    """A line of a table with its video."""

    split: str
    row: LipsRow
    entry: Entry


def read(inputs: Inputs, options: LipsOptions) -> DataSet:
    """Reads the tables, finds the videos, and shards. Raises BadConfig NO_TRAIN_CLIPS, CSV_COLUMNS,
    LICENCE_NOT_ATTESTED.
    """
    entries = {entry.name: entry for entry in inputs.entries}
    is_licensed = MADE_HERE not in entries
    if is_licensed and not (options.accept_licence or _is_attested(inputs)):
        raise not_attested(inputs.input_root)
    found, left_out, notes = _found(entries, inputs, options)
    topics = sorted({one.row.topic for one in found})
    assignment = assign_shards([one.row.key for one in found], options.num_shards)
    rows = [
        ClipRow(
            key=one.row.key,
            utterance_id=one.row.key,
            speaker_id=one.row.speaker,
            media=one.entry.name,
            split=one.split,
            shard=int(assignment.shard_N[i]),
            position=int(assignment.position_N[i]),
            idx=i,
            size_bytes=one.entry.size_bytes,
            version=one.entry.version,
            attributes=ClipAttributes(one.row.text, _LANGUAGE, category=topics.index(one.row.topic)),
        )
        for i, one in enumerate(found)
    ]
    rows.sort(key=lambda row: (row.shard, row.position))
    details = {"topics": topics, "is_licensed": is_licensed}
    return DataSet(ClipTable.of_rows(rows), tuple(map(_line, left_out)), tuple(notes), details)


def _is_attested(inputs: Inputs) -> bool:
    """Whether a download or a training has kept it with the data set."""
    kept = f"{inputs.input_root.rstrip('/')}/{ATTESTED_FILE}"
    return inputs.files.read_if_there("--input-root", kept) is not None


def count(inputs: Inputs, options: LipsOptions) -> int:
    """Lines of the tables that a run would process."""
    return len(_found({entry.name: entry for entry in inputs.entries}, inputs, options)[0])


def _found(
    entries: dict[str, Entry], inputs: Inputs, options: LipsOptions
) -> tuple[list[_Found], list[LeftOutRow], list[str]]:
    """Lines with a video, those without, and what their user should hear."""
    tables, notes = _tables(entries, inputs)
    processed = tuple(f"{folder}/" for folder in options.folders.values())
    takes_faces = options.source == "face"
    files = VideoFiles(name for name in entries if name.startswith(processed) is not takes_faces)
    found: list[_Found] = []
    left_out: list[LeftOutRow] = []
    seen: dict[str, str] = {}
    for split, rows in tables.items():
        with_video, without = located(split, rows, files, "" if takes_faces else options.folders[split])
        left_out += without
        for row, name in with_video:
            if row.key in seen:
                why = f"line {row.line} of {TABLES[split]} has the id {row.key}, which {TABLES[seen[row.key]]} has too"
                left_out.append(LeftOutRow(row.key, split, row.line, "BAD_ID", why))
                continue
            seen[row.key] = split
            found.append(_Found(split, row, entries[name]))
    if options.max_examples:
        found = found[: options.max_examples]
    if not found:
        raise _nothing(inputs.input_root, entries, options, left_out)
    notes += shared_speakers({split: [o.row.speaker for o in found if o.split == split] for split in tables})
    counts = Counter(one.split for one in found)
    notes.append(f"{', '.join(f'{counts[split]} clips of {split}' for split in tables)}, from {_videos(options)}")
    return found, left_out, notes


def _tables(entries: dict[str, Entry], inputs: Inputs) -> tuple[dict[str, Sequence[LipsRow]], list[str]]:
    tables, notes = read_tables(lambda name: _of_first_root(inputs, name) if name in entries else None)
    if not tables:
        raise BadConfig(
            "NO_TRAIN_CLIPS",
            f"{inputs.input_root} has none of {', '.join(TABLES.values())}: give the folder that holds the tables of "
            "Chinese-LiPS",
        )
    return tables, notes


def _of_first_root(inputs: Inputs, name: str) -> bytes:
    """The file of the first input root that has it: which that is, a listing of all does not say."""
    for root in inputs.input_roots[:-1]:
        found = inputs.files.read_if_there("--input-root", f"{root.rstrip('/')}/{name}")
        if found is not None:
            return found
    return inputs.files.read("--input-root", f"{inputs.input_roots[-1].rstrip('/')}/{name}")


def _videos(options: LipsOptions) -> str:
    return "videos of faces" if options.source == "face" else "processed videos"


def _nothing(root: str, entries: dict[str, Entry], options: LipsOptions, left_out: Sequence[LeftOutRow]) -> BadConfig:
    zips = sorted(name for name in entries if name.lower().endswith(".zip"))
    other = "processed" if options.source == "face" else "face"
    remedy = f"unpack {', '.join(zips[:3])}" if zips else f"give another folder, or --source {other}"
    why = ", ".join(f"{n} {reason}" for reason, n in sorted(Counter(one.reason for one in left_out).items()))
    return BadConfig(
        "NO_TRAIN_CLIPS", f"{root} has no line of a table with {_videos(options)} ({why or 'no lines'}): {remedy}"
    )


def _line(one: LeftOutRow) -> QuarantineEntry:
    named = one.key or TABLES[one.split]
    return QuarantineEntry(named, named, "none", "BAD_INPUT", one.reason, one.message, line=one.line)
