"""I/O: what the store says of a run. Listing first, so that 10^5 shards cost a few listings and not 10^5 reads."""

from __future__ import annotations

import functools
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from orchestrator.runs.commits.packed import pack
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.manifest import Manifest, open_clips
from services.base.run.sharding import name_prefixes, parse_shard_name
from services.base.run.spec import NO_SHARD, RunSpec, ShardCommit, lines_of, run_spec_from_json, shard_commit_from_json
from services.base.store.interface import Entry, NotThere, Store

_Read = TypeVar("_Read")
_NUM_READERS = 16
# Files that are read before the first of them is wanted: of a shard of hours one is large.
_NUM_AHEAD = 2 * _NUM_READERS


@dataclass(frozen=True)
class RunState:
    """A run as its state root has it.

    versions: of the commit of each shard that has one. set_aside: shards that have set clips aside, committed or not.
    finished: its output tree is published.
    """

    spec: RunSpec
    versions: Mapping[int, str]
    set_aside: frozenset[int]
    finished: bool

    @functools.cached_property
    def done(self) -> frozenset[int]:
        """Shards with a commit."""
        return frozenset(self.versions)


def observe(state: Store, run: str) -> RunState:
    """Raises NotThere when there is no such run, BadConfig when its run.json cannot be read."""
    spec = run_spec_from_json(state.read(paths.run_file(run)))
    found: dict[str, dict[int, str]] = {paths.DONE: {}, paths.QUARANTINE: {}}
    for entry in _list_shards(state, spec):
        folder, _, name = entry.name.rpartition("/")
        if name in found and entry.size_bytes:
            found[name][parse_shard_name(folder.rpartition("/")[2])[0]] = entry.version
    finished = state.stat(paths.finished_file(run)) is not None
    return RunState(spec, found[paths.DONE], frozenset(found[paths.QUARANTINE]), finished)


def read_clips(state: Store, spec: RunSpec) -> Manifest:
    """The frozen list of a run. Raises BadConfig BAD_CLIPS_FILE."""
    return open_clips(state.read(paths.clips_file(spec.run)), spec.clips_sha256)


def read_done(state: Store, spec: RunSpec, shards: Iterable[int]) -> list[ShardCommit]:
    """The commits of these shards, in order of shard."""
    names = [paths.done_file(spec.run, shard, spec.num_shards) for shard in sorted(shards)]
    return list(_of_all(names, lambda name: _read_done(state, name)))


def read_packed(state: Store, spec: RunSpec, shards: Iterable[int]) -> Iterator[bytes]:
    """The same as `packed.pack` makes them; few are held as objects at a time."""
    names = [paths.done_file(spec.run, shard, spec.num_shards) for shard in sorted(shards)]
    yield from _of_all(names, lambda name: pack(_read_done(state, name)))


def read_quarantine(state: Store, spec: RunSpec, shards: Iterable[int]) -> list[dict[str, object]]:
    """What planning found, then the quarantine of these shards, in order of shard and clip."""
    names = [paths.quarantine_file(spec.run, shard, spec.num_shards) for shard in sorted(shards)]
    return [*_lines(state, paths.problems_file(spec.run)), *_lines_of_all(state, names)]


def num_found(spec: RunSpec, lines: Iterable[Mapping[str, object]]) -> int:
    """Clips that a run has found: those of its list, and those that planning left out. lines: its quarantine."""
    return spec.num_clips + sum(line["shard"] == NO_SHARD for line in lines)


def read_quality(state: Store, spec: RunSpec, shards: Iterable[int]) -> Iterator[dict[str, object]]:
    """Quality facts of the clips of these shards, in order of shard and clip."""
    names = [paths.quality_file(spec.run, shard, spec.num_shards) for shard in sorted(shards)]
    yield from _lines_of_all(state, names)


def read_accepted_changes(state: Store, spec: RunSpec) -> dict[str, tuple[int, str]]:
    """Input files that a retry took in though they are not as the frozen list has them: name -> (size, version)."""
    files = [entry.name for entry in _list_shards(state, spec) if entry.name.endswith(f"/{paths.ACCEPTED}")]
    return {name: (size, version) for file in files for name, (size, version) in json.loads(state.read(file)).items()}


def _list_shards(state: Store, spec: RunSpec) -> Iterator[Entry]:
    """All files of all shards. A listing comes page by page, each after the last: several at a time are faster."""
    prefixes = [f"{paths.run_dir(spec.run)}/shards/{prefix}" for prefix in name_prefixes(spec.num_shards)]
    with ThreadPoolExecutor(_NUM_READERS) as pool:
        for entries in pool.map(lambda prefix: list(state.list(prefix)), prefixes):
            yield from entries


def _read_done(state: Store, name: str) -> ShardCommit:
    try:
        return shard_commit_from_json(state.read(name))
    except BadConfig as error:
        raise BadConfig(error.reason, f"{name} in {state.uri}: {error.message}", error.detail) from error


def _lines_of_all(state: Store, names: Sequence[str]) -> Iterator[dict[str, object]]:
    """The lines of these files, in order; a file that is not there has none."""
    for lines in _of_all(names, lambda name: _lines(state, name)):
        yield from lines


def _of_all(names: Sequence[str], read: Callable[[str], _Read]) -> Iterator[_Read]:
    """What `read` makes of each, in order."""
    with ThreadPoolExecutor(_NUM_READERS) as pool:
        coming: deque[Future[_Read]] = deque()
        try:
            for name in names:
                coming.append(pool.submit(read, name))
                if len(coming) == _NUM_AHEAD:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            for future in coming:
                future.cancel()


def _lines(state: Store, name: str) -> list[dict[str, object]]:
    try:
        return lines_of(state.read(name))
    except NotThere:
        return []
    except ValueError as error:
        raise BadConfig(
            "BAD_STATE_FILE",
            f"{name} in {state.uri} is not what was written there ({error}): restore it, or begin a new run in a new "
            "output root (the same --state-root keeps the artifacts)",
        ) from error
