"""Reading clips of a training: threads against one, kept records against the whole way. Ratios of one run.

python benchmarks/training_data.py [--clips 256] [--seconds 3]
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from services.formats.example import decode_example, encode_example
from services.formats.tfrecord import read_records, write_record
from services.training.data.grid import GridSettings, open_grid
from services.training.data.records.opening import RecordsSettings
from services.training.interfaces import TrainingData
from services.training.plan import plan_epoch

_BATCH = 8


def write_clips(root: Path, num_clips: int) -> None:
    """Records of 75 frames of 100x50 px, of which 40 to 75 are not padding."""
    random = np.random.default_rng(1)
    root.mkdir()
    with (root / "train-00000-of-00001.tfrecord").open("wb") as file:
        for i in range(num_clips):
            num_frames = int(random.integers(40, 76))
            features = {
                "frames": random.integers(0, 256, (75, 50, 100, 3), np.uint8).tobytes(),
                **{"t": 75, "h": 50, "w": 100, "c": 3, "label": [1, 8, 13], "label_len": 3, "input_len": num_frames},
                **{"utterance_id": f"clip{i}".encode(), "speaker_id": b"s1"},
            }
            write_record(file, encode_example(features))


def rate(work: Callable[[int], int], num_threads: int, seconds: float) -> float:
    """Clips a second: each thread takes the next piece of work until time is up."""
    counts = [0] * num_threads
    end_s = time.perf_counter() + seconds

    def run(thread: int) -> None:
        i = thread
        while time.perf_counter() < end_s:
            counts[thread] += work(i)
            i += num_threads

    threads = [threading.Thread(target=run, args=(i,)) for i in range(num_threads)]
    began_s = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began_s)


def reader(data: TrainingData) -> Callable[[int], int]:
    order = np.random.default_rng(2).permutation(len(data.items)).tolist()

    def read(i: int) -> int:
        data.read([order[(i * _BATCH + k) % len(order)] for k in range(_BATCH)], "")
        return _BATCH

    return read


def whole_file(path: Path) -> Callable[[int], int]:
    """As a reader without an index does: every record in order, its checksum verified and its message taken apart."""

    def read(i: int) -> int:
        del i
        with path.open("rb") as file:
            return sum(len(decode_example(payload)["frames"]) for payload in read_records(file))

    return read


def padding_waste(data: TrainingData, by_cost: bool) -> float:
    """Share of a batch's frames that are padding, over an epoch."""
    costs = [item.cost for item in data.items]
    if by_cost:
        steps = plan_epoch(
            data.items, data_digest=data.digest, seed=1, epoch=0, budget_cost=_BATCH * 75, micro_batches_per_step=1
        )
        batches = [step.micro_batches[0] for step in steps]
    else:
        order = np.random.default_rng(3).permutation(len(costs)).tolist()
        batches = [tuple(order[i : i + _BATCH]) for i in range(0, len(order), _BATCH)]
    padded = sum(max(costs[i] for i in batch) * len(batch) for batch in batches)
    return 1 - sum(costs) / padded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=3.0)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "out"
        write_clips(root, flags.clips)
        began_s = time.perf_counter()
        settings = GridSettings(str(root), RecordsSettings(f"{folder}/state", Path(folder)), val_share=0.0)
        data = open_grid(settings).train
        index_s = time.perf_counter() - began_s
        began_s = time.perf_counter()
        open_grid(settings)
        again_s = time.perf_counter() - began_s
        read = reader(data)
        rate(read, 1, 0.5)
        rates = {num_threads: [] for num_threads in (1, 2)}
        for _ in range(3):
            for num_threads, found in rates.items():
                found.append(rate(read, num_threads, flags.seconds / 3))
        one, two = (float(np.median(found)) for found in rates.values())
        streamed = rate(whole_file(root / "train-00000-of-00001.tfrecord"), 1, flags.seconds)
        print(f"index: {flags.clips / index_s:.0f} clips a second, once; opened again in {again_s:.3f} s")
        print(f"clips a second: {one:.0f} by one thread, {two:.0f} by two ({two / one:.2f} times)")
        print(f"record by record, without an index: {streamed:.0f} (the index: {one / streamed:.1f} times)")
        print(f"padding: {padding_waste(data, True):.1%} by cost, {padding_waste(data, False):.1%} by count")


if __name__ == "__main__":
    main()
