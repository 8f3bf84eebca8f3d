"""I/O: shards of a run that are to be made again."""

from __future__ import annotations

from collections.abc import Iterable

from services.base.run import paths
from services.base.run.spec import RunSpec
from services.base.store.interface import Store


def forget(spec: RunSpec, state: Store, shards: Iterable[int]) -> None:
    """These shards are to be made again, so that the run is not finished any more."""
    state.delete(paths.finished_file(spec.run))
    for shard in shards:
        state.delete(paths.done_file(spec.run, shard, spec.num_shards))
