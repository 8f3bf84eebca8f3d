"""What each rank does: its part of the spectra, summed over all ranks step by step, in whole numbers."""

from __future__ import annotations

import io
import json
import logging
import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np

from services.base.errors import Transient
from services.base.worker.rank import Rank
from toy.spec import ToyConfig

LOG = logging.getLogger("toy")
HELD_STEP = 13
PRIME = 1_000_003
_LIMIT = timedelta(seconds=60)
_POLL_S = 0.05


def train(config: ToyConfig, rank: Rank) -> None:
    """Raises Transient RANK_LOST when another rank has gone."""
    total = _sum_over_ranks(rank)
    found = rank.restore()
    step, weights = (found[0], json.loads(found[1])) if found else (0, _start(config, rank))
    LOG.info("begins at step %d", step)
    clips = _clips(rank)
    while step < config.num_steps:
        step += 1
        _wait(config, rank, step)
        gradient = [sum(clip * step + weight * (rank.place.rank + 2) for clip in clips) % PRIME for weight in weights]
        weights = [(old + new) % PRIME for old, new in zip(weights, total(gradient), strict=True)]
        if rank.place.rank == 0 and step % config.checkpoint_every == 0:
            rank.checkpoint(step, json.dumps(weights).encode())
    if rank.place.rank == 0:
        with rank.output("weights.json") as file:
            file.write(json.dumps(weights).encode())
            file.commit()
        rank.finish(step)
    # The others end after it: nobody asks them to.
    total([0] * len(weights))


def _start(config: ToyConfig, rank: Rank) -> list[int]:
    if not config.start_from:
        return [1, 2, 3]
    weights: list[int] = json.loads(rank.outputs.read(rank.result_of(config.start_from)["weights.json"]))
    return weights


def _clips(rank: Rank) -> list[int]:
    """A whole number of each clip of this rank, from what the pass over the clips has published."""
    names = sorted(entry.name for entry in rank.outputs.list() if entry.name.endswith(".npz"))
    own = names[rank.place.rank :: rank.place.world_size]
    numbers = []
    for name in own:
        with np.load(io.BytesIO(rank.outputs.read(name))) as found:
            numbers.append(int(np.median(found["centroid_hz"])))
    return numbers


def _wait(config: ToyConfig, rank: Rank, step: int) -> None:
    held = Path(config.hold or os.devnull)
    while step == HELD_STEP and held.exists() and str(rank.place.generation) in held.read_text().split():
        time.sleep(_POLL_S)


def _sum_over_ranks(rank: Rank) -> Callable[[list[int]], list[int]]:
    place = rank.place
    if place.world_size == 1:
        return lambda vector: vector
    import torch
    import torch.distributed as dist

    more = {} if place.master_fd is None else {"master_listen_fd": place.master_fd}
    address = place.master_address, place.master_port

    def lost(error: RuntimeError) -> Transient:
        return Transient("RANK_LOST", f"rank {place.rank} has lost the others: {error}")

    try:
        store = dist.TCPStore(*address, place.world_size, place.rank == 0, _LIMIT, wait_for_workers=False, **more)
        dist.init_process_group("gloo", store=store, rank=place.rank, world_size=place.world_size, timeout=_LIMIT)
    except RuntimeError as error:
        raise lost(error) from error

    def total(vector: list[int]) -> list[int]:
        tensor = torch.tensor(vector, dtype=torch.int64)
        try:
            dist.all_reduce(tensor)
        except RuntimeError as error:
            raise lost(error) from error
        summed: list[int] = tensor.tolist()
        return summed

    return total
