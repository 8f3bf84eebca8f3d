"""A training of grid-ctc size=tiny: its plan, its loader, its steps, its ranks, its checkpoints. Ratios of one run.

python benchmarks/training.py [--clips 64] [--rounds 3] [--items 1000000]
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

# Optimisers load it; here, once for all ranks.
import torch._dynamo
from training_data import padding_waste, write_clips

from services.base.run.passes import GangPass
from services.base.run.spec import RunSpec
from services.base.store.open import open_store
from services.base.worker.rank import Rank, RankPlace
from services.training.checkpoint.file import contents, encoded
from services.training.checkpoint.progress import Progress
from services.training.data.grid import GridSettings, open_grid
from services.training.data.records.opening import RecordsSettings
from services.training.engine.loop import train
from services.training.engine.randomness import seeded
from services.training.engine.reading import micro_batch, read_ahead
from services.training.engine.step import MicroBatch
from services.training.interfaces import Item, Pieces, TrainingData
from services.training.plan import plan_epoch
from services.training.recipes.grid_ctc.pieces import grid_ctc
from services.training.recipes.grid_ctc.spec import GridCtcConfig

CONFIG = GridCtcConfig(
    size="tiny", num_epochs=1, num_threads=1, num_workers=1, val_share=0.0, windows_only=0.0, whole_only=0.0,
    average_last_n=0, save_every_s=1e9, log_every=1,
)  # fmt: skip
CPU = torch.device("cpu")
Steps = npt.NDArray[np.float64]
"""[N, 2]: of each step, seconds by the clock and of CPU time."""


def pieces_of(root: Path, config: GridCtcConfig) -> Pieces:
    settings = GridSettings(
        str(root / "out"), RecordsSettings(str(root / "state"), root), val_share=0.0, steps_per_frame=2
    )
    return dataclasses.replace(grid_ctc(config, open_grid(settings)), validate=None, best_by="loss")


def timed(pieces: Pieces, times: list[tuple[float, float]]) -> Pieces:
    """That notes when each micro-batch begins to be learnt from: by the clock, and in CPU time of the thread."""
    loss = pieces.loss

    def call(model: torch.nn.Module, batch: object, random: torch.Generator) -> object:
        times.append((time.perf_counter(), time.thread_time()))
        return loss(model, batch, random)

    return dataclasses.replace(pieces, loss=call)


def micro_batches(data: TrainingData, config: GridCtcConfig) -> list[tuple[int, ...]]:
    steps = plan_epoch(
        data.items, data_digest=data.digest, seed=config.seed, epoch=0, budget_cost=config.batch_frames,
        micro_batches_per_step=1,
    )  # fmt: skip
    return [step.micro_batches[0] for step in steps]


def calls(data: TrainingData, batches: list[tuple[int, ...]]) -> Iterator[Callable[[], MicroBatch]]:
    return (partial(micro_batch, data, batch, "1/0", (1, i, 0)) for i, batch in enumerate(batches))


def loader_rate(data: TrainingData, config: GridCtcConfig, num_threads: int) -> float:
    """Clips a second."""
    batches = micro_batches(data, config) * 4
    began_s = time.perf_counter()
    num_clips = sum(len(one.indices) for one in read_ahead(calls(data, batches), num_threads))
    return num_clips / (time.perf_counter() - began_s)


def bare_steps(root: Path, config: GridCtcConfig) -> Steps:
    """Of a loop of five lines, whose batches are read ahead as well."""
    pieces = pieces_of(root, config)
    assert pieces.train_at is not None
    data = pieces.train_at(config.seed, 0, 0.0)
    model = pieces.model(config.seed).train()
    optimizer = pieces.optimizer(model)
    times = []
    for one in read_ahead(calls(data, micro_batches(data, config)), config.num_workers):
        times.append((time.perf_counter(), time.thread_time()))
        loss = pieces.loss(model, one.batch, seeded(CPU, *one.names))
        (loss.total / loss.count).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.gradient_clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return np.diff(times, axis=0)


def rank_of(root: Path, place: RankPlace) -> Rank:
    gang = GangPass("train", "grid-ctc", place.world_size, "d" * 64)
    spec = RunSpec("r", "grid-ctc", "d" * 64, (), "", str(root / "made"), 0, 0, "", {}, gangs=(gang,))
    return Rank(spec, gang, place, open_store(root / "made-state"), open_store(root / "made"))


def loop_steps(root: Path, config: GridCtcConfig) -> Steps:
    """Of the whole loop."""
    times: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        rank = rank_of(Path(folder), RankPlace(0, 1, 0, "127.0.0.1", 1, 1))
        train(timed(pieces_of(root, config), times), config, rank)
    return np.diff(times, axis=0)


def gang_steps(root: Path, config: GridCtcConfig, world_size: int) -> Steps:
    """Of so many ranks, of one thread each: by the clock of the first, in CPU time of the slowest."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:

        def place(rank: int) -> RankPlace:
            descriptor = server.fileno() if rank == 0 and world_size > 1 else None
            return RankPlace(rank, world_size, rank, "127.0.0.1", server.getsockname()[1], 1, descriptor)

        return side_by_side(root, config, [(Path(folder), place(rank)) for rank in range(world_size)])


def apart_steps(root: Path, config: GridCtcConfig) -> Steps:
    """Of two trainings at once that share nothing, with as many micro-batches each as a rank of two has: what the cores
    give to two processes.
    """
    alone = dataclasses.replace(config, accumulation_steps=config.accumulation_steps // 2)
    with tempfile.TemporaryDirectory() as folder:
        found = side_by_side(root, alone, [(Path(folder) / n, RankPlace(0, 1, 0, "127.0.0.1", 1, 1)) for n in "ab"])
    # Each goes over all of the data, in steps of half as much.
    return found[: len(found) // 2]


def side_by_side(root: Path, config: GridCtcConfig, ranks: Sequence[tuple[Path, RankPlace]]) -> Steps:
    """Steps of rank processes that begin at once: by the clock of the first, in CPU time of the slowest."""
    pids = []
    for folder, place in ranks:
        folder.mkdir(exist_ok=True)
        pid = os.fork()
        if not pid:
            times: list[tuple[float, float]] = []
            train(timed(pieces_of(root, config), times), config, rank_of(folder, place))
            np.save(folder / f"{place.rank}.npy", times[:: config.accumulation_steps // place.world_size])
            os._exit(0)
        pids.append(pid)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    if any(codes):
        raise RuntimeError(f"ranks ended with {codes}")
    steps = [np.diff(np.load(folder / f"{place.rank}.npy"), axis=0) for folder, place in ranks]
    # Of the last step not each rank may have a micro-batch.
    least = min(map(len, steps))
    return np.stack([steps[0][:least, 0], np.max([one[:least, 1] for one in steps], axis=0)], axis=1)


def checkpoint_s(root: Path, config: GridCtcConfig) -> tuple[float, float]:
    """(seconds that the training stops for the copy, seconds until its bytes are made, beside the training)."""
    pieces = pieces_of(root, config)
    model = pieces.model(config.seed)
    optimizer = pieces.optimizer(model)
    sum(p.sum() for p in model.parameters()).backward()
    optimizer.step()
    began_s = time.perf_counter()
    fields = contents(model, optimizer, {}, Progress(), pieces.facts)
    copied_s = time.perf_counter()
    encoded(fields)
    return copied_s - began_s, time.perf_counter() - copied_s


def plan_s(num_items: int) -> float:
    costs = np.random.default_rng(1).integers(40, 76, num_items).tolist()
    items = [Item("k", cost, 20) for cost in costs]
    began_s = time.perf_counter()
    plan_epoch(items, data_digest="d", seed=1, epoch=0, budget_cost=600, micro_batches_per_step=2)
    return time.perf_counter() - began_s


def best(rounds: int, *ways: Callable[[], Steps]) -> list[tuple[float, float]]:
    """Of each way, all in turn: seconds a step by the clock, and in CPU time; of each step the least of all rounds."""
    found = [[way() for way in ways] for _ in range(rounds)]
    # Ways are compared over the steps that all have.
    least = min(len(steps) for row in found for steps in row)
    return [
        tuple(np.min([steps[:least] for steps in column], axis=0).mean(axis=0).tolist())
        for column in zip(*found, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--ranks-only", action="store_true", help="two ranks against one, and nothing else")
    flags = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    print(f"load of the machine: {os.getloadavg()[0]:.1f}, {len(os.sched_getaffinity(0))} cores")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_clips(root / "out", flags.clips)
        pieces_of(root, CONFIG)
        pair = dataclasses.replace(CONFIG, accumulation_steps=2)
        gangs = (lambda: gang_steps(root, pair, 1), lambda: gang_steps(root, pair, 2), lambda: apart_steps(root, pair))
        one_rank, two_ranks, apart = best(flags.rounds, *gangs)
        for name, i in (("by the clock", 0), ("in CPU time of the slower", 1)):
            print(
                f"two micro-batches {name}: {one_rank[i]:.3f} s a step by one rank, {two_ranks[i]:.3f} by two "
                f"({one_rank[i] / two_ranks[i]:.2f} times); one in each of two trainings that share nothing: "
                f"{apart[i]:.3f} ({apart[i] / two_ranks[i]:.2f})"
            )
        if flags.ranks_only:
            return
        bare, loop = best(flags.rounds, lambda: bare_steps(root, CONFIG), lambda: loop_steps(root, CONFIG))
        data = pieces_of(root, CONFIG).train
        # Their checksums are verified when they are read first.
        loader_rate(data, CONFIG, 1)
        one, two = (max(loader_rate(data, CONFIG, num) for _ in range(2 * flags.rounds)) for num in (1, 2))
        copy_s, bytes_s = checkpoint_s(root, CONFIG)
        print(f"loader, clips a second: {one:.0f} by one worker, {two:.0f} by two ({two / one:.2f} times)")
        print(f"padding: {padding_waste(data, True):.1%} by cost, {padding_waste(data, False):.1%} by count")
        for name, i in (("by the clock", 0), ("in CPU time", 1)):
            print(f"a step {name}: {bare[i] * 1e3:.0f} ms bare, {loop[i] * 1e3:.0f} in ours ({bare[i] / loop[i]:.3f})")
        print(
            f"a checkpoint: stops training for {copy_s * 1e3:.0f} ms ({copy_s / loop[0]:.3f} of a step), and takes "
            f"{bytes_s * 1e3:.0f} ms beside it"
        )
    print(f"plan of {flags.items} items: {plan_s(flags.items):.1f} s")


if __name__ == "__main__":
    main()
