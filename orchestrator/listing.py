"""What was found in a data set: clips in columns, problems in words, and the rows of the frozen list. Pure.

Columns, because a million clips as objects would not fit in a gigabyte: paths are kept as a shared folder and a name.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, overload

from services.base.errors import BadConfig
from services.base.manifest import ClipRow, Extra
from services.base.shards import assign_shards

SKIP = "skip"


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
    """A finding about the data set. path: below the input root. num_files: how many files it is about, in a folder."""

    path: str
    reason: str
    message: str
    num_files: int = 1


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


class ListedClip(NamedTuple):
    """A clip as it was found. extras: other inputs as (role, file)."""

    key: str
    speaker_id: str
    media: ListedFile
    extras: tuple[tuple[str, ListedFile], ...]

    @property
    def utterance_id(self) -> str:
        return self.key.rpartition("/")[2]

    def extra(self, role: str) -> ListedFile:
        """The input of that role. Raises KeyError."""
        return dict(self.extras)[role]


@dataclass
class FileColumn:
    """One file a clip, in columns. Grows by `append` while a data set is read."""

    folders: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    sizes_bytes: array[int] = field(default_factory=lambda: array("q"))
    versions: list[str] = field(default_factory=list)

    def append(self, folder: str, name: str, size_bytes: int, version: str) -> None:
        self.folders.append(folder)
        self.names.append(name)
        self.sizes_bytes.append(size_bytes)
        self.versions.append(version)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, i: int) -> ListedFile:
        folder = self.folders[i]
        path = f"{folder}/{self.names[i]}" if folder else self.names[i]
        return ListedFile(path, self.sizes_bytes[i], self.versions[i])


@dataclass
class ClipColumns(Sequence[ListedClip]):
    """Clips in the data set's own order, in columns; an item is made when it is asked for."""

    keys: list[str] = field(default_factory=list)
    speakers: list[str] = field(default_factory=list)
    media: FileColumn = field(default_factory=FileColumn)
    extras: dict[str, FileColumn] = field(default_factory=dict)

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
    clips: ClipColumns, splits: Sequence[str], num_shards: int, *, compat_order: bool = False
) -> Iterator[ClipRow]:
    """Rows for `services.base.manifest.encode_clips`, by shard and position.

    splits: one of train, val, test and skip for each of the first len(splits) clips; the others are cut off. Skipped
    clips have no row but do count for shards and positions, so that leaving one out moves no other clip.
    Raises ValueError when two clips share a key or the number of shards is impossible.
    """
    assignment = assign_shards(clips.keys[: len(splits)], num_shards, compat_order=compat_order)
    for i in assignment.order().tolist():
        if splits[i] == SKIP:
            continue
        clip = clips[i]
        yield ClipRow(
            clip.key,
            clip.utterance_id,
            clip.speaker_id,
            clip.media.path,
            splits[i],
            int(assignment.shard_N[i]),
            int(assignment.position_N[i]),
            i,
            clip.media.size_bytes,
            clip.media.version,
            tuple(Extra(role, *file) for role, file in clip.extras),
        )
