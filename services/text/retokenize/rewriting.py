"""A manifest, record by record, with the ids of another tokenizer: what was not touched stays as it was."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.base.errors import BadConfig
from services.base.process.cgroup import granted_cores
from services.base.store.by_digest import is_uri
from services.base.store.named_file import folder_of, is_there, pieces_of, real_folder, size_bytes_of, upload_of
from services.base.store.names import normal
from services.formats.manifest_paths import moved, relative
from services.formats.manifests import BadLine, Record, format_of, json_line, json_records
from services.text.retokenize.encoding import Encoder, EncodingConfig, Job, Made
from services.text.retokenize.pool import OrderedPool
from services.text.retokenize.staging import Staging
from services.text.retokenize.stems import FOLDER, NPY, stem_of

_CHUNK = 128
# Less than that is encoded before processes have started.
_FEW = 2_000
_MOST_NAMED = 20


@dataclass(frozen=True)
class Retokenizing:
    """manifest, output_manifest: files or URIs. num_workers: 0 for all cores. max_samples: records to encode; 0: all.
    language_field: of a record, whose value wins over the language of `encoding`; empty: none.
    """

    manifest: str
    output_manifest: str
    encoding: EncodingConfig
    language_field: str = ""
    update_text: bool = False
    max_samples: int = 0
    num_workers: int = 0

    def __post_init__(self) -> None:
        if format_of(self.manifest) != "jsonl":
            raise BadConfig("BAD_FLAGS", f"--manifest {self.manifest} is a table: retokenize reads JSON lines")
        for flag, value in (("--max-samples", self.max_samples), ("--workers", self.num_workers)):
            if value < 0:
                raise BadConfig("BAD_FLAGS", f"{flag} must be 0 or more, not {value}")


@dataclass
class Counts:
    """What became of the records. left_out: lines that are no record, and second records of an id."""

    num_records: int = 0
    num_encoded: int = 0
    num_kept: int = 0
    num_changed: int = 0
    num_not_touched: int = 0
    num_left_out: int = 0
    num_tokens: int = 0
    num_unknown: int = 0
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Said to the user, where there are not too many of them."""
        if len(self.notes) < _MOST_NAMED:
            self.notes.append(text)

    def as_json(self) -> dict[str, Any]:
        share = self.num_unknown / self.num_tokens if self.num_tokens else 0.0
        return {
            "num_records": self.num_records,
            "num_encoded": self.num_encoded,
            "num_kept": self.num_kept,
            "num_changed": self.num_changed,
            "num_not_touched": self.num_not_touched,
            "num_left_out": self.num_left_out,
            "unknown_share": round(share, 6),
            "notes": self.notes,
        }


@dataclass
class _Row:
    values: dict[str, Any]
    job: Job | None


Progress = Callable[[int, float], None]
"""(records done, 0..1 of the manifest)."""


def retokenize(asked: Retokenizing, progress: Progress) -> Counts:
    """Writes ids, and then the manifest. A failure leaves the manifest that was there, and in a folder the ids too.

    Raises BadConfig, or Transient.
    """
    counts, size = Counts(), _Size(asked.manifest)
    num = asked.num_workers or granted_cores()
    rows = _rows(json_records(size.counted()), asked, counts)
    first = [row for _, row in zip(range(_FEW), rows, strict=False)]
    if len(first) < _FEW:
        num = 1
    with (
        Staging(asked.encoding.output_dir) as staging,
        OrderedPool(Encoder, (asked.encoding,), num) as pool,
        upload_of(asked.output_manifest) as output,
    ):
        paths = _Paths(asked)
        for row, made in _encoded(_chained(first, rows), pool):
            output.write(json_line(_finished(row, made, asked, paths, counts)))
            if counts.num_records % _CHUNK == 0:
                progress(counts.num_records, size.share)
        # Written in full before any file of ids gets its name: what may fail for want of space has been done.
        output.flush()
        staging.publish()
        output.commit()
    if asked.max_samples and counts.num_not_touched:
        counts.note(f"{counts.num_not_touched} records keep the ids that they had: --max-samples {asked.max_samples}")
    return counts


def _chained(first: Iterable[_Row], rest: Iterable[_Row]) -> Iterator[_Row]:
    yield from first
    yield from rest


def _rows(found: Iterable[Record | BadLine], asked: Retokenizing, counts: Counts) -> Iterator[_Row]:
    """Records in order; an id that was there before is left out, for the files of both would be one."""
    seen: dict[int, int] = {}
    num_jobs = 0
    for record in found:
        if isinstance(record, BadLine):
            counts.num_left_out += 1
            counts.note(f"line {record.number} is left out: {record.reason}: {record.message}")
            continue
        values = dict(record.values)
        text = values.get("text")
        stem = stem_of(values)
        if not isinstance(text, str) or stem is None or (asked.max_samples and num_jobs == asked.max_samples):
            if isinstance(text, str) and stem is None:
                counts.note(f"line {record.number} keeps its ids: its id {values.get('id')!r} is no name of a file")
            yield _Row(values, None)
            continue
        # A digest in the place of a million names.
        if (other := seen.setdefault(hash(stem), record.number)) != record.number:
            counts.num_left_out += 1
            counts.note(f"line {record.number} is left out: DUPLICATE_ID: line {other} has the same id or file")
            continue
        num_jobs += 1
        named = values.get(asked.language_field) if asked.language_field else ""
        yield _Row(values, Job(stem, text, named if isinstance(named, str) else ""))


def _encoded(rows: Iterable[_Row], pool: OrderedPool[Sequence[Job], list[Made]]) -> Iterator[tuple[_Row, Made | None]]:
    """Each row with what was made of it, in order; rows wait for the chunk that they are in."""
    waiting: deque[list[_Row]] = deque()

    def chunks() -> Iterator[list[Job]]:
        for chunk in _cut(rows):
            waiting.append(chunk)
            yield [row.job for row in chunk if row.job is not None]

    for made in pool.map(chunks()):
        results = iter(made)
        for row in waiting.popleft():
            yield row, (None if row.job is None else next(results))


def _cut(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    chunk: list[_Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


class _Paths:
    """How paths of the old manifest are called in the new one."""

    def __init__(self, asked: Retokenizing) -> None:
        self._from, self._to = folder_of(asked.manifest), folder_of(asked.output_manifest)
        here = () if is_uri(self._from) else (os.path.realpath(Path.cwd()),)
        self._folders = (self._from, *here)
        self._ids = real_folder(asked.encoding.output_dir)

    def moved(self, values: dict[str, Any]) -> dict[str, str]:
        return moved(values, self._folders, self._to, is_there)

    def ids(self, stem: str) -> str:
        return relative(normal(f"{self._ids}/{FOLDER}/{stem}{NPY}"), self._to)


def _finished(row: _Row, made: Made | None, asked: Retokenizing, paths: _Paths, counts: Counts) -> dict[str, Any]:
    counts.num_records += 1
    values = {**row.values, **paths.moved(row.values)}
    if row.job is None or made is None or not made.num_ids:
        counts.num_not_touched += 1
        if made is not None:
            counts.note(f"record {row.values.get('id')!r} keeps its ids: NO_TEXT: nothing of its text is spoken")
        return values
    counts.num_encoded += not made.is_kept
    counts.num_kept += made.is_kept
    counts.num_changed += made.is_changed
    counts.num_tokens += made.num_ids
    counts.num_unknown += made.num_unknown
    if asked.update_text:
        values["text"] = made.text
    values["text_ids_path"] = paths.ids(row.job.stem)
    values["text_len"] = made.num_ids
    return values


class _Size:
    """How far a manifest is read. share: 0..1; 0 where its size is not known."""

    def __init__(self, manifest: str) -> None:
        self._manifest = manifest
        self._num_read, self._num_bytes = 0, size_bytes_of(manifest)

    @property
    def share(self) -> float:
        return min(1.0, self._num_read / self._num_bytes) if self._num_bytes else 0.0

    def counted(self) -> Iterator[bytes]:
        for piece in pieces_of(self._manifest, "--manifest"):
            # Pieces are large beside a manifest of a minute's work.
            for start in range(0, len(piece), 1 << 16):
                part = piece[start : start + (1 << 16)]
                self._num_read += len(part)
                yield part
