"""Features of frames, frames a second: the bare torch loop, and the stage on each backend and batch size.

    python benchmarks/features.py [--frames 32] [--rounds 2] [--device cpu|cuda]

The bare loop is what a trainer writes: OpenCV's stretch, /255, mean and deviation, torch's network as it is loaded,
one batch after another. On a processor one thread's CPU time, on a GPU the wall's. Every row takes its turn in each
round and keeps its best, so that a busy machine slows all rows alike; ratios to the bare loop are what counts.
"""

from __future__ import annotations

import argparse
import logging
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from services.base.media.clip import Clip, Media
from services.base.media.video import FrameChunk
from services.base.stage.config import config_from_mapping
from services.base.stage.spec import ClipJob
from services.features.frames.inception import IMAGENET_MEAN, IMAGENET_STD
from services.features.runtimes.torch import loaded_network
from services.features.spec import FeaturesConfig
from services.features.stage import open_stage

JOB = ClipJob(Clip("bench", "bench", "s", "bench.mp4"), Media.of_bytes("bench.mp4", b"bench"))
CHUNK = 16


@dataclass
class Row:
    name: str
    batch_size: int
    run: Callable[[np.ndarray], np.ndarray]
    seconds: float = float("inf")
    vectors_TD: np.ndarray | None = None


def bare_loop(batch_size: int, device: str) -> Callable[[np.ndarray], np.ndarray]:
    network = loaded_network(FeaturesConfig())[0].to(device)
    mean, std = np.array(IMAGENET_MEAN, np.float32), np.array(IMAGENET_STD, np.float32)

    def run(frames_THWC: np.ndarray) -> np.ndarray:
        vectors = []
        for start in range(0, len(frames_THWC), batch_size):
            small = [cv2.resize(frame, (299, 299)) for frame in frames_THWC[start : start + batch_size]]
            images = [((image.astype(np.float32) / 255.0 - mean) / std).transpose(2, 0, 1) for image in small]
            with torch.inference_mode():
                vectors.append(network(torch.from_numpy(np.stack(images)).to(device)).cpu().numpy())
        return np.concatenate(vectors)

    return run


def stage(**settings: object) -> Callable[[np.ndarray], np.ndarray]:
    consumer = open_stage(config_from_mapping(FeaturesConfig, settings))

    def run(frames_THWC: np.ndarray) -> np.ndarray:
        clip = consumer(JOB, None)
        for start in range(0, len(frames_THWC), CHUNK):
            some = frames_THWC[start : start + CHUNK]
            clip.push(FrameChunk(start, some, np.arange(start, start + len(some)) / 15.0))
        vectors_TD: np.ndarray = clip.finish({}).vectors_TD
        return vectors_TD

    return run


def rows(device: str) -> list[Row]:
    made = [Row("bare torch loop", 32, bare_loop(32, device))]
    if device == "cpu":
        made += [Row("stage, torch", n, stage(device="cpu", batch_size=n)) for n in (1, 8, 32, 64)]
        made += [Row("stage, onnxruntime", n, stage(backend="onnxruntime", batch_size=n)) for n in (1, 8, 32)]
        return made
    for dtype in ("float32", "float16"):
        made += [Row(f"stage, {dtype}", n, stage(device=device, dtype=dtype, batch_size=n)) for n in (1, 8, 32, 64)]
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    flags = parser.parse_args()
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    clock = time.process_time if flags.device == "cpu" else time.perf_counter
    generator = np.random.default_rng(0)
    rough = generator.integers(0, 256, (flags.frames, 9, 16, 3), dtype=np.uint8)
    frames_THWC = np.stack([cv2.resize(frame, (960, 540), interpolation=cv2.INTER_CUBIC) for frame in rough])
    table = rows(flags.device)
    for row in table:
        row.run(frames_THWC[:2])
    for _ in range(flags.rounds):
        for row in table:
            since_s = clock()
            row.vectors_TD = row.run(frames_THWC)
            row.seconds = min(row.seconds, clock() - since_s)
    report(table, flags.frames, flags.device)


def report(table: list[Row], num_frames: int, device: str) -> None:
    bare = table[0]
    assert bare.vectors_TD is not None
    where = "one thread" if device == "cpu" else torch.cuda.get_device_name()
    print(f"InceptionV3, {num_frames} frames of 960x540, {where}")
    print(f"{'':22}{'batch':>6}{'ms/frame':>10}{'frames/s':>10}{'of bare':>9}{'differs':>10}")
    for row in table:
        assert row.vectors_TD is not None
        off = np.abs(row.vectors_TD - bare.vectors_TD).max() / bare.vectors_TD.std()
        ms, ratio = 1e3 * row.seconds / num_frames, bare.seconds / row.seconds
        print(f"{row.name:22}{row.batch_size:6}{ms:10.1f}{1e3 / ms:10.2f}{ratio:9.2f}{off:10.1e}")
    print("differs: the largest difference to the bare loop over its spread")
    print(
        f"peak memory of this process, all rows loaded: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB"
    )


if __name__ == "__main__":
    main()
