"""The listings of several input roots as one, and the clips that were found in it by the names that workers read."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.pipelines.base import DataSet
from services.base.run.spec import QuarantineEntry
from services.base.store.interface import Entry


@dataclass
class JoinedListing:
    """Entries of all roots in the order of one listing, gone through once; of a name in several roots the file of the
    first. Names of the first root's files are not held, so that a single root costs no memory.

    roots: absolute, or URIs. listings: of each, as a store sorts them.
    """

    roots: Sequence[str]
    listings: Sequence[Iterable[Entry]]
    _root_of: dict[str, int] = field(default_factory=dict)
    _hidden: dict[str, list[int]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Entry]:
        if len(self.roots) == 1:
            yield from self.listings[0]
            return
        last = ""
        for place, i, entry in heapq.merge(*map(_placed, self.listings, range(len(self.roots)))):
            if place == last:
                if entry.kind != "directory":
                    self._hidden.setdefault(entry.name, []).append(i)
                continue
            last = place
            if i and entry.kind != "directory":
                self._root_of[entry.name] = i
            yield entry

    def located(self, found: DataSet) -> DataSet:
        """What a reader made of it, with the paths of files outside the first root absolute; of each clip that lies in
        several roots a finding for those that are not read.
        """
        if not (self._root_of or self._hidden):
            return found
        pictures = self._picture_folders()

        def path(name: str) -> str:
            root = self._root_of.get(name) or pictures.get(name, 0)
            return self._joined(root, name) if root else name

        problems = [replace(problem, media=path(problem.media)) for problem in found.problems]
        hidden = self._hidden
        clips = {row.media for row in found.rows if row.media in hidden} if hidden else set()
        problems += [self._not_read(name, i) for name in sorted(clips) for i in hidden[name]]
        notes = found.notes
        if others := sorted(hidden.keys() - clips):
            text = f"{len(others)} files lie in several input roots, such as {others[0]}: those of the first are read"
            notes += (text,)
        return replace(found, rows=found.rows.with_paths(path), problems=tuple(problems), notes=notes)

    def _joined(self, root: int, name: str) -> str:
        # Of a folder of pictures the `/` at the end is part of its name.
        return f"{self.roots[root].rstrip('/')}/{name}"

    def _picture_folders(self) -> Mapping[str, int]:
        """Root of each folder, with `/` behind it, by what was listed in it."""
        return {f"{name.rpartition('/')[0]}/": root for name, root in self._root_of.items() if "/" in name}

    def _not_read(self, name: str, root: int) -> QuarantineEntry:
        path = self._joined(root, name)
        message = (
            "left out: an input root before this one has a file of the same path below it, by which clips are named; "
            "rename or delete one of them"
        )
        return QuarantineEntry(path, path, "none", "BAD_INPUT", "DUPLICATE_PATH", message)


def _placed(listing: Iterable[Entry], root: int) -> Iterator[tuple[str, int, Entry]]:
    """(where an entry stands in a listing, number of its root, entry). Code points sort as their UTF-8 bytes do."""
    for entry in listing:
        yield (f"{entry.name}/" if entry.kind == "directory" else entry.name), root, entry
