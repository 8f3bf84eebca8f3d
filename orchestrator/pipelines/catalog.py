"""What was found in a data set: clips in columns, problems in words, and the rows of the frozen list. Pure.

Columns, because a million clips as objects would not fit in a gigabyte.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.pipelines.text_column import TextColumn
from services.base.errors import BadConfig
from services.base.media.clip import ClipAttributes
from services.base.run.manifest import ClipTable, FileArrays
from services.base.run.sharding import Assignment, assign_shards

SKIP = "skip"
# Of an id that a clip does not have: ids are from 0.
_NONE = -1


class Entry(Protocol):
    """One object of a store's listing.

    name: path below the root, `/`-separated.
    kind: `file`, `directory`, `outside` (a link that leaves the root) or `other`.
    """

    @property
    def name(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def version(self) -> str: ...
    @property
    def kind(self) -> str: ...


class Problem(NamedTuple):
    """A finding about the data set. path: below the input root. num_files: how many files it is about, in a folder.

    clips: paths of the media that are left out for it, where they are not `path` itself.
    """

    path: str
    reason: str
    message: str
    num_files: int = 1
    clips: tuple[str, ...] = ()


# With any of these there is no telling what the user wants; all others leave clips out and say so.
FATAL_REASONS = frozenset({"DUPLICATE_KEY"})


def raise_if_fatal(problems: Iterable[Problem]) -> None:
    """Raises BadConfig, naming the first three, when a problem forbids any run."""
    fatal = [problem for problem in problems if problem.reason in FATAL_REASONS]
    if fatal:
        shown = "; ".join(f"{problem.path}: {problem.message}" for problem in fatal[:3])
        more = f"; and {len(fatal) - 3} more" if len(fatal) > 3 else ""
        raise BadConfig(fatal[0].reason, shown + more)


class ListedFile(NamedTuple):
    """A file as it was listed."""

    path: str
    size_bytes: int
    version: str


def utterance_of(key: str) -> str:
    """The id that a record carries: the last part of the clip's key."""
    return key.rpartition("/")[2]


class ListedClip(NamedTuple):
    """A clip as it was found. extras: other inputs as (role, file)."""

    key: str
    speaker_id: str
    media: ListedFile
    extras: tuple[tuple[str, ListedFile], ...]

    @property
    def utterance_id(self) -> str:
        return utterance_of(self.key)

    def extra(self, role: str) -> ListedFile:
        """The input of that role. Raises KeyError."""
        return dict(self.extras)[role]


@dataclass
class FileColumn:
    """One file a clip, in columns. Grows by `extend` while a data set is read."""

    paths: TextColumn = field(default_factory=TextColumn)
    sizes_bytes: array[int] = field(default_factory=lambda: array("q"))
    versions: TextColumn = field(default_factory=TextColumn)

    def extend(self, paths: Iterable[str], sizes_bytes: Iterable[int], versions: Iterable[str]) -> None:
        self.paths.extend(paths)
        self.sizes_bytes.extend(sizes_bytes)
        self.versions.extend(versions)

    def append(self, path: str, size_bytes: int, version: str) -> None:
        self.paths.append(path)
        self.sizes_bytes.append(size_bytes)
        self.versions.append(version)

    def chosen(self, indices: Sequence[int]) -> FileColumn:
        """Those of these indices, in their order."""
        sizes_bytes = array("q", (self.sizes_bytes[i] for i in indices))
        return FileColumn(self.paths.chosen(indices), sizes_bytes, self.versions.chosen(indices))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> ListedFile:
        return ListedFile(self.paths[i], self.sizes_bytes[i], self.versions[i])

    def to_arrow(self) -> FileArrays:
        """The column as Arrow arrays, without a copy; it must not grow while they are in use."""
        sizes_bytes = pa.array(np.frombuffer(self.sizes_bytes, np.int64))
        return FileArrays(self.paths.to_arrow(), sizes_bytes, self.versions.to_arrow())


@dataclass
class AttributeColumns:
    """What the data set says of each clip, in columns. Left empty where it says nothing of any."""

    texts: TextColumn = field(default_factory=TextColumn)
    languages: TextColumn = field(default_factory=TextColumn)
    durations_s: array[float] = field(default_factory=lambda: array("d"))
    glosses: array[int] = field(default_factory=lambda: array("q"))
    categories: array[int] = field(default_factory=lambda: array("q"))
    media_named: TextColumn = field(default_factory=TextColumn)

    def extend(self, said: Iterable[ClipAttributes]) -> None:
        said = list(said)
        self.texts.extend([one.text for one in said])
        self.languages.extend([one.language for one in said])
        self.durations_s.extend([math.nan if one.duration_s is None else one.duration_s for one in said])
        self.glosses.extend([_NONE if one.gloss is None else one.gloss for one in said])
        self.categories.extend([_NONE if one.category is None else one.category for one in said])
        self.media_named.extend([one.media_named for one in said])

    def extend_speech(
        self,
        texts: Sequence[str],
        languages: Sequence[str],
        durations_s: Sequence[float | None],
        media_named: Sequence[str],
    ) -> None:
        """As `extend` of clips with these attributes alone, each 0 or more and finite where it is a duration; objects
        for a million of them take longer than all else.
        """
        none = [_NONE] * len(texts)
        self.texts.extend(texts)
        self.languages.extend(languages)
        self.durations_s.extend([math.nan if one is None else one for one in durations_s])
        self.glosses.extend(none)
        self.categories.extend(none)
        self.media_named.extend(media_named)

    def append(self, said: ClipAttributes) -> None:
        self.extend((said,))

    def __len__(self) -> int:
        return len(self.durations_s)

    def chosen(self, indices: Sequence[int]) -> AttributeColumns:
        """Those of these indices, in their order."""
        return AttributeColumns(
            self.texts.chosen(indices),
            self.languages.chosen(indices),
            array("d", (self.durations_s[i] for i in indices)),
            array("q", (self.glosses[i] for i in indices)),
            array("q", (self.categories[i] for i in indices)),
            self.media_named.chosen(indices),
        )

    def to_arrow(self) -> dict[str, Any]:
        """Arrow arrays by the names of ClipAttributes, of texts without a copy: columns must not grow meanwhile."""
        durations_N = np.frombuffer(self.durations_s, np.float64)
        ids = {"gloss": np.frombuffer(self.glosses, np.int64), "category": np.frombuffer(self.categories, np.int64)}
        return {
            "text": self.texts.to_arrow(),
            "language": self.languages.to_arrow(),
            "duration_s": pa.array(durations_N, mask=np.isnan(durations_N)),
            **{name: pa.array(id_N, mask=id_N == _NONE) for name, id_N in ids.items()},
            "media_named": self.media_named.to_arrow(),
        }


@dataclass
class ClipColumns(Sequence[ListedClip]):
    """Clips in the data set's own order, in columns; an item is made when it is asked for."""

    keys: TextColumn = field(default_factory=TextColumn)
    speakers: TextColumn = field(default_factory=TextColumn)
    media: FileColumn = field(default_factory=FileColumn)
    extras: dict[str, FileColumn] = field(default_factory=dict)
    attributes: AttributeColumns = field(default_factory=AttributeColumns)

    def chosen(self, indices: Sequence[int]) -> ClipColumns:
        """The clips of these indices, in their order."""
        return ClipColumns(
            self.keys.chosen(indices),
            self.speakers.chosen(indices),
            self.media.chosen(indices),
            {role: column.chosen(indices) for role, column in self.extras.items()},
            self.attributes.chosen(indices) if self.attributes else AttributeColumns(),
        )

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, i: int) -> ListedClip: ...
    @overload
    def __getitem__(self, i: slice) -> list[ListedClip]: ...
    def __getitem__(self, i: int | slice) -> ListedClip | list[ListedClip]:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        extras = tuple((role, column[i]) for role, column in self.extras.items())
        return ListedClip(self.keys[i], self.speakers[i], self.media[i], extras)


def frozen_rows(
    clips: ClipColumns,
    splits: Sequence[str],
    num_shards: int,
    *,
    round_robin: bool = False,
    assignment: Assignment | None = None,
    utterance_ids: TextColumn | None = None,
    place_N: np.ndarray | None = None,
) -> ClipTable:
    """The rows of the frozen list, by shard and position; in columns, for there may be a million.

    splits: one of train, val, test and skip for each of the first len(splits) clips; the others are cut off. Skipped
    clips have no row but do count for shards and positions, so that leaving one out moves no other clip.
    assignment: of each clip; None: by its key, or with round_robin by its place. utterance_ids: of each clip; None: the
    last part of its key. place_N: int64, of each clip in the data set's order; None: that of the columns.
    Raises ValueError when two clips share a key or the number of shards is impossible.
    """
    num_clips = len(splits)
    if assignment is None:
        assignment = assign_shards(clips.keys[:num_clips], num_shards, round_robin=round_robin)
    order = assignment.order()
    order = order[np.fromiter((split != SKIP for split in splits), np.bool_, num_clips)[order]]
    keys = clips.keys.to_arrow()[:num_clips]
    media = clips.media.to_arrow()
    columns = {
        "key": keys,
        "utterance_id": pc.replace_substring_regex(keys, "^(?s:.*)/", "")
        if utterance_ids is None
        else utterance_ids.to_arrow(),
        "speaker_id": clips.speakers.to_arrow(),
        "media": media.paths,
        "split": pa.array(splits, pa.string()),
        "shard": pa.array(assignment.shard_N),
        "position": pa.array(assignment.position_N),
        "idx": pa.array(np.arange(num_clips) if place_N is None else place_N),
        "size_bytes": media.sizes_bytes,
        "version": media.versions,
    }
    if clips.attributes:
        columns |= {name: column[:num_clips] for name, column in clips.attributes.to_arrow().items()}
    extras = {role: column.to_arrow() for role, column in clips.extras.items()}
    return ClipTable.of_columns(columns, extras, order)
