"""I/O: what the store says of a run. Listing first, so that 10^5 shards cost one listing and not 10^5 reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from services.base import layout
from services.base.errors import BadConfig
from services.base.manifest import Manifest, open_clips
from services.base.order import DoneShard, RunOrder, done_from_json, lines_of, order_from_json
from services.base.shards import parse_shard_name
from services.base.store import NotThere, Store

_NUM_READERS = 16


@dataclass(frozen=True)
class RunState:
    """A run as its state root has it.

    done: shards with a commit. told: shards that have set clips aside, committed or not. finished: its output tree is
    published.
    """

    order: RunOrder
    done: frozenset[int]
    told: frozenset[int]
    finished: bool


def observe(state: Store, run: str) -> RunState:
    """Raises NotThere when there is no such run, BadConfig when its run.json cannot be read."""
    order = order_from_json(state.read(layout.run_file(run)))
    found: dict[str, set[int]] = {layout.DONE: set(), layout.QUARANTINE: set()}
    for entry in state.list(f"{layout.run_dir(run)}/shards/"):
        *_, shard, name = entry.name.split("/")
        if name in found and entry.size_bytes:
            found[name].add(parse_shard_name(shard)[0])
    finished = state.stat(layout.finished_file(run)) is not None
    return RunState(order, frozenset(found[layout.DONE]), frozenset(found[layout.QUARANTINE]), finished)


def read_clips(state: Store, order: RunOrder) -> Manifest:
    """The frozen list of a run. Raises BadConfig BAD_CLIPS_FILE."""
    return open_clips(state.read(layout.clips_file(order.run)), order.clips_sha256)


def read_done(state: Store, order: RunOrder, shards: Iterable[int]) -> list[DoneShard]:
    """The commits of these shards, in order of shard."""
    names = [layout.done_file(order.run, shard, order.num_shards) for shard in sorted(shards)]
    with ThreadPoolExecutor(_NUM_READERS) as pool:
        return list(pool.map(lambda name: _read_done(state, name), names))


def read_quarantine(state: Store, order: RunOrder, shards: Iterable[int]) -> list[dict[str, object]]:
    """What planning found, then the quarantine of these shards, in order of shard and clip."""
    lines = list(_lines(state, layout.problems_file(order.run)))
    for shard in sorted(shards):
        lines += _lines(state, layout.quarantine_file(order.run, shard, order.num_shards))
    return lines


def read_quality(state: Store, order: RunOrder, shards: Iterable[int]) -> Iterator[dict[str, object]]:
    """Quality facts of the clips of these shards, in order of shard and clip."""
    for shard in sorted(shards):
        yield from _lines(state, layout.quality_file(order.run, shard, order.num_shards))


def read_mended(state: Store, order: RunOrder) -> dict[str, tuple[int, str]]:
    """Input files that a retry took in though they are not as the frozen list has them: name -> (size, version)."""
    listed = state.list(f"{layout.run_dir(order.run)}/shards/")
    files = [entry.name for entry in listed if entry.name.endswith(f"/{layout.MENDED}")]
    return {name: (size, version) for file in files for name, (size, version) in json.loads(state.read(file)).items()}


def _read_done(state: Store, name: str) -> DoneShard:
    try:
        return done_from_json(state.read(name))
    except BadConfig as error:
        raise BadConfig(error.reason, f"{name} in {state.uri}: {error.message}", error.detail) from error


def _lines(state: Store, name: str) -> list[dict[str, object]]:
    try:
        return lines_of(state.read(name))
    except NotThere:
        return []
    except ValueError as error:
        raise BadConfig(
            "BAD_STATE_FILE",
            f"{name} in {state.uri} is not what was written there ({error}): restore it, or begin a new run in a new "
            "output root (the same --state-root keeps the landmarks)",
        ) from error
