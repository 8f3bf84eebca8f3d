"""What `verify` knows of all lines of an output's manifests at once: digests of ids and stems, and lengths. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from services.records.tts.names import stem_of
from services.records.tts.validate import LENGTHS, path_field

_LENGTH_FIELDS = tuple(LENGTHS.values())
_LINE = np.dtype([("id", np.uint64), ("codes", np.uint64), *((field, np.int32) for field in _LENGTH_FIELDS)])


class ManifestIndex:
    """Lines as they are read, 28 bytes each."""

    def __init__(self) -> None:
        self._rows = np.zeros(1024, _LINE)
        self._num_rows = 0
        self._stems: dict[str, str] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        """record: a line that has all its fields."""
        if self._num_rows == len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        clip_id, stem = str(record["id"]), stem_of("codes", record[path_field("codes")]) or ""
        # Few have other files than of their id.
        if stem != clip_id:
            self._stems[clip_id] = stem
        self._rows[self._num_rows] = (_digest(clip_id), _digest(stem), *(_length(record[f]) for f in _LENGTH_FIELDS))
        self._num_rows += 1

    def sorted(self) -> SortedIndex:
        """What was added, to be looked up; nothing is to be added any more."""
        rows = self._rows[: self._num_rows]
        rows.sort(order="id")
        return SortedIndex(rows, self._stems)


class SortedIndex:
    """The same lines, looked up by id."""

    def __init__(self, rows: np.ndarray, stems: Mapping[str, str]) -> None:
        self._rows, self._stems = rows, stems
        self._codes_N = np.sort(rows["codes"])
        self._is_seen_N = np.zeros(len(rows), np.bool_)
        ids, counts = np.unique(rows["id"], return_counts=True)
        self._repeated = frozenset(ids[counts > 1].tolist())

    @property
    def has_repeated(self) -> bool:
        """Whether an id has several lines."""
        return bool(self._repeated)

    def is_repeated(self, clip_id: str) -> bool:
        return _digest(clip_id) in self._repeated

    def has_codes(self, stem: str) -> bool:
        """Whether a line names the codes of this stem."""
        return _place(self._codes_N, _digest(stem)) is not None

    def take(self, clip_id: str) -> tuple[str, dict[str, int]] | None:
        """The clip's stem and its lengths by field; it counts as seen. None: no line has this id."""
        place = _place(self._rows["id"], _digest(clip_id))
        if place is None:
            return None
        self._is_seen_N[place] = True
        row = self._rows[place]
        return self._stems.get(clip_id, clip_id), {field: int(row[field]) for field in _LENGTH_FIELDS}

    @property
    def num_unseen(self) -> int:
        return int((~self._is_seen_N).sum())


def _length(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 1 << 31 else -1


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "little")


def _place(sorted_N: np.ndarray, digest: int) -> int | None:
    place = int(np.searchsorted(sorted_N, np.uint64(digest)))
    return place if place < len(sorted_N) and int(sorted_N[place]) == digest else None
