"""Frames a second of the decode stage beside bare loops over the same libraries, on real clips, one core.

    python benchmarks/decode.py [--clips 12] [--rounds 5]

CPU time of this process; every round runs every row on every clip in turn, and the median over rounds and clips counts.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import av
import av.video.reformatter
import cv2
import numpy as np

from services.base.media.clip import Media
from services.containers.config import DecodeConfig
from services.containers.frames import decoded_frames_total
from services.decode.stage import open_stage

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("VISEMILL_TESTDATA", ROOT / ".." / "shared")).resolve() / "data"


def stage(path: Path, data: bytes) -> int:
    num_frames = 0
    with open_stage(DecodeConfig())(Media(path.name, "", len(data), data=data)) as stream:
        for chunk in stream:
            num_frames += len(chunk)
    return num_frames


def bare_pyav(_path: Path, data: bytes) -> int:
    num_frames = 0
    with av.open(io.BytesIO(data)) as container:
        video = container.streams.video[0]
        video.codec_context.thread_count = 1
        for frame in container.decode(video):
            frame.to_ndarray(format="rgb24")
            num_frames += 1
    return num_frames


def tuned_pyav(_path: Path, data: bytes) -> int:
    """As bare as it gets: one converter for the clip, frames copied into an array as whoever keeps them must."""
    reformatter = av.video.reformatter.VideoReformatter()
    num_frames = 0
    with av.open(io.BytesIO(data)) as container:
        video = container.streams.video[0]
        video.codec_context.thread_count = 1
        size = (video.codec_context.height, video.codec_context.width, 3)
        for frame in container.decode(video):
            if num_frames % 64 == 0:
                kept = np.empty((64, *size), np.uint8)
            kept[num_frames % 64] = reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray()
            num_frames += 1
    return num_frames


def opencv(path: Path, _data: bytes) -> int:
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    num_frames = 0
    while True:
        ok, image = video.read()
        if not ok:
            return num_frames
        cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        num_frames += 1


ROWS: dict[str, Callable[[Path, bytes], int]] = {
    "stage": stage,
    "bare PyAV loop": bare_pyav,
    "tuned PyAV loop, kept": tuned_pyav,
    "OpenCV, BGR to RGB": opencv,
}


def measure(paths: list[Path], num_rounds: int) -> tuple[dict[str, float], float]:
    """Median frames per CPU second by row, and decodes per frame delivered by the stage."""
    clips = [(path, path.read_bytes()) for path in paths]
    rates_hz: dict[str, list[float]] = {name: [] for name in ROWS}
    num_decoded = num_delivered = 0
    for _ in range(num_rounds):
        for path, data in clips:
            for name, row in ROWS.items():
                before = decoded_frames_total()
                since_s = time.process_time()
                num_frames = row(path, data)
                rates_hz[name].append(num_frames / (time.process_time() - since_s))
                if row is stage:
                    num_decoded += decoded_frames_total() - before
                    num_delivered += num_frames
    return {name: statistics.median(rates) for name, rates in rates_hz.items()}, num_decoded / num_delivered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    flags = parser.parse_args()
    cv2.setNumThreads(1)
    sets = {
        "GRID, 360x288 mpeg1": sorted((DATA / "grid" / "s1_processed").glob("*.mpg"))[: flags.clips],
        "sign, 540x720 h264": [DATA / "sign" / "pose_test_video.mp4"],
        "talker, 512x512 mpeg4": [DATA / "talker" / "wda_000.mp4"],
    }
    for title, paths in sets.items():
        rates_hz, decodes_per_frame = measure(paths, flags.rounds)
        print(f"\n{title}: {len(paths)} clips, {flags.rounds} rounds; decodes per frame {decodes_per_frame:.2f}")
        print(f"{'':24}{'frames/s':>10}{'stage is':>12}")
        for name, rate_hz in rates_hz.items():
            print(f"{name:24}{rate_hz:10.0f}{rates_hz['stage'] / rate_hz:11.2f}x")


if __name__ == "__main__":
    main()
