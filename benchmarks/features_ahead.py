"""What it is worth to begin the next clip while the last one's requests are on their way to Triton.

    python benchmarks/features_ahead.py --venv ENVIRONMENT [--clips 8] [--rounds 5] [--keypoints-clips 2] [--cores 1]

ENVIRONMENT holds tritonserver (nvidia-pytriton). A stand-in for InceptionV3 on a GPU waits for so long an execution and
a frame and computes nothing, so that only the client's side is measured. Real sign clips at 15 frames a second go
through a worker's child, one by one and begun early, in turns on the same cores; milliseconds of wall time a clip, of
the best round of each, since other work on a machine only adds. In the last table two workers share the cores of one.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from features_triton import CLIPS, Server

from services.base.media.clip import Clip, Media
from services.base.sandbox.supervisor import ClipLimits, NextClip, PassChild
from services.base.stage.spec import ClipJob
from services.features.spec import SPEC

MODEL = """
import time
import numpy as np
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        sizes = [len(pb_utils.get_input_tensor_by_name(r, "frames").as_numpy()) for r in requests]
        time.sleep(EXECUTION_S + FRAME_S * sum(sizes))
        answers = [pb_utils.Tensor("features", np.zeros((num, 2048), np.float32)) for num in sizes]
        return [pb_utils.InferenceResponse([answer]) for answer in answers]
"""
CONFIG = """
name: "inception_v3"
backend: "python"
max_batch_size: 32
input [ { name: "frames" data_type: TYPE_UINT8 dims: [ 299, 299, 3 ] } ]
output [ { name: "features" data_type: TYPE_FP32 dims: [ 2048 ] } ]
dynamic_batching { }
instance_group [ { count: 1 kind: KIND_CPU } ]
parameters { key: "weights" value: { string_value: "seeded:0" } }
"""
# Milliseconds of an execution and of each frame in it.
SERVERS = {"quick": (10.0, 0.3), "slow to begin": (60.0, 2.0)}
DECODE = ("decode", {"sampling": "grid", "target_fps": 15.0})
KEYPOINTS = ("keypoints", {})


def stand_in(venv: Path, folder: Path, execution_ms: float, frame_ms: float) -> Server:
    """A server with the stand-in alone."""
    version = folder / "models" / "inception_v3" / "1"
    version.mkdir(parents=True)
    costs = MODEL.replace("EXECUTION_S", str(execution_ms / 1e3)).replace("FRAME_S", str(frame_ms / 1e3))
    (version / "model.py").write_text(costs)
    (version.parent / "config.pbtxt").write_text(CONFIG)
    return Server(venv, folder, folder / "models")


def jobs(num_clips: int) -> list[ClipJob]:
    sources = [Media.of_bytes(path.name, path.read_bytes()) for path in sorted(CLIPS.glob("*.mp4"))]
    return [ClipJob(Clip(f"c{i}", f"c{i}", "", f"c{i}"), sources[i % len(sources)]) for i in range(num_clips)]


def features(server: Server, num_in_flight: int = 4) -> tuple[str, Mapping[str, Any]]:
    return "features", {"backend": "triton", "triton": server.target, "triton_in_flight": num_in_flight}


class Way:
    """One way of working; a child for each worker stays open. rounds: ms a clip of each."""

    def __init__(self, stages: Sequence[tuple[str, Mapping[str, Any]]], *, early: bool, num_workers: int = 1) -> None:
        self._early = early
        self._children = [PassChild(stages, ClipLimits(), specs=[SPEC]) for _ in range(num_workers)]
        self.rounds: list[float] = []
        for child in self._children:
            # Here, not in a thread of a round: a child ends with the thread that started it.
            child.start()
        self._carry_all(2 * num_workers)

    def round(self, num_clips: int) -> None:
        began_s = time.perf_counter()
        self._carry_all(num_clips)
        self.rounds.append(1e3 * (time.perf_counter() - began_s) / num_clips)

    def ms(self) -> float:
        return min(self.rounds)

    def close(self) -> None:
        for child in self._children:
            child.close()

    def _carry_all(self, num_clips: int) -> None:
        share = num_clips // len(self._children)
        threads = [threading.Thread(target=self._carry, args=(child, share)) for child in self._children]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _carry(self, child: PassChild, num_clips: int) -> None:
        todo = jobs(num_clips)
        for job, after in zip(todo, [*todo[1:], None], strict=True):
            for _ in child.run(job, then=NextClip(after) if after is not None and self._early else None):
                pass


def in_turns(ways: Mapping[str, Callable[[], Way]], num_rounds: int, num_clips: int) -> dict[str, float]:
    """Milliseconds a clip of each way, which take turns."""
    opened = {name: make() for name, make in ways.items()}
    try:
        for _ in range(num_rounds):
            for way in opened.values():
                way.round(num_clips)
        return {name: way.ms() for name, way in opened.items()}
    finally:
        for way in opened.values():
            way.close()


def early_or_not(flags: argparse.Namespace, servers: Mapping[str, Server]) -> None:
    print(f"{'ms a clip':32} {'whole batches':>14} {'one by one':>11} {'begun early':>12} {'gain':>6}")
    for what, before, num_clips in (
        ("features alone", [DECODE], flags.clips),
        ("keypoints and features", [DECODE, KEYPOINTS], flags.keypoints_clips),
    ):
        for name, server in servers.items() if num_clips else ():
            ways = {
                "whole": lambda before=before, server=server: Way([*before, features(server, 1)], early=False),
                "one by one": lambda before=before, server=server: Way([*before, features(server)], early=False),
                "early": lambda before=before, server=server: Way([*before, features(server)], early=True),
            }
            ms = in_turns(ways, flags.rounds, num_clips)
            gain = 1 - ms["early"] / ms["one by one"]
            cells = f"{ms['whole']:14.0f} {ms['one by one']:11.0f} {ms['early']:12.0f} {gain:6.0%}"
            print(f"{f'{what}, {name}':32} {cells}", flush=True)


def workers_on_a_core(flags: argparse.Namespace, servers: Mapping[str, Server]) -> None:
    print(f"\n{'ms a clip, features alone':32} {'1 worker':>9} {'2 workers':>10} {'1, early':>9} {'2, early':>9}")
    for name, server in servers.items():
        ways = {
            f"{num_workers}{early}": lambda n=num_workers, early=early, server=server: Way(
                [DECODE, features(server)], early=early, num_workers=n
            )
            for early in (False, True)
            for num_workers in (1, 2)
        }
        ms = in_turns(ways, flags.rounds, flags.clips)
        print(f"{name:32} {ms['1False']:9.0f} {ms['2False']:10.0f} {ms['1True']:9.0f} {ms['2True']:9.0f}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=os.environ.get("VISEMILL_TRITON_VENV"), help="environment")
    parser.add_argument("--clips", type=int, default=8, help="clips a round (default: %(default)s)")
    parser.add_argument("--keypoints-clips", type=int, default=2, help="with keypoints; 0: none (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each way (default: %(default)s)")
    parser.add_argument("--cores", type=int, default=1, help="cores for the workers (default: %(default)s)")
    flags = parser.parse_args()
    if flags.venv is None:
        print("no tritonserver: give --venv or set VISEMILL_TRITON_VENV")
        return 0
    if not list(CLIPS.glob("*.mp4")):
        print(f"no sign clips in {CLIPS}: set VISEMILL_TESTDATA")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        servers: dict[str, Server] = {}
        try:
            for name, costs in SERVERS.items():
                servers[name] = stand_in(flags.venv, Path(folder) / name.replace(" ", "-"), *costs)
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: flags.cores])
            early_or_not(flags, servers)
            workers_on_a_core(flags, servers)
        finally:
            for server in servers.values():
                server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
