"""Landmarks behind gRPC against landmarks in this process, on the same cores: an encoded clip in, points out.

    python benchmarks/remote_landmarks.py [--clips 24] [--cores 1] [--backend mediapipe --backend dlib]

Both sides decode and detect with one thread, on the same real clips, in turn, clip by clip, so that a busy machine
slows both alike; models are loaded and one clip is done before the clock starts. CPU of the remote side is that of
caller, server and child together. Ratios are in-process over remote: 1.00 is no loss. Points are compared bit by bit.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from services.base.media.clip import Clip, Media
from services.base.media.points import Landmarks
from services.base.process.threads import thread_environment
from services.base.stage.spec import ClipJob, ConfiguredStage
from services.containers.config import DecodeConfig
from services.decode.spec import SPEC as DECODE
from services.decode.stage import open_stage as open_decode
from services.landmarks.rpc import open_remote
from services.landmarks.spec import LandmarksConfig
from services.landmarks.stage import open_stage

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("VISEMILL_TESTDATA", ROOT / ".." / "shared")).resolve() / "data"
TARGET_RATIO = 0.9


@dataclass
class Cost:
    """Seconds of one side over all clips."""

    cpu_s: float = 0.0
    wall_s: float = 0.0


class Server:
    """`python -m services landmarks serve` with one child, on the cores of this process."""

    def __init__(self, backend: str) -> None:
        argv = [sys.executable, "-m", "services", "landmarks", "serve", "--num-children", "1", "--backend", backend]
        environment = {**os.environ, "VISEMILL_LOG_LEVEL": "warning"}
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the server did not start: exit {self._process.wait()}")
        self.target = line.split()[-1]

    def cpu_s(self) -> float:
        """CPU time of the server and its child so far."""
        pid = self._process.pid
        tasks = Path(f"/proc/{pid}/task").iterdir()
        children = [child for task in tasks for child in (task / "children").read_text().split()]
        return sum(_cpu_s(int(p)) for p in (pid, *children))

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def in_process(decode: Any, stage: Any, job: ClipJob) -> Landmarks:
    """Decode and landmarks as a pass runs them."""
    with decode(job.media) as stream:
        consumer = stage(job, stream.info)
        for chunk in stream:
            consumer.push(chunk)
        found: Landmarks = consumer.finish({"info": stream.info, "facts": stream.facts()})
    return found


def same(one: Landmarks, other: Landmarks) -> bool:
    return all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in ("points_TNC", "score_T", "source_T")
    )


def measure(backend: str, jobs: Sequence[ClipJob]) -> bool:
    """Prints one line of the table; whether the ratio is reached and all points are equal."""
    config = LandmarksConfig(backend=backend)  # type: ignore[arg-type]
    server = Server(backend)
    try:
        source = ConfiguredStage(DECODE, DecodeConfig())
        decode, stage, remote = (
            open_decode(DecodeConfig()),
            open_stage(config),
            open_remote(server.target, config, source),
        )
        in_process(decode, stage, jobs[0])
        remote(jobs[0], None).finish({})
        here, there = Cost(), Cost()
        num_frames, num_equal = 0, 0
        server_began_s = server.cpu_s()
        for job in jobs:
            found = _timed(here, lambda job=job: in_process(decode, stage, job))
            answered = _timed(there, lambda job=job: remote(job, None).finish({}))
            num_frames += len(found.points_TNC)
            num_equal += same(found, answered)
        there.cpu_s += server.cpu_s() - server_began_s
    finally:
        server.stop()
    ratio = here.cpu_s / there.cpu_s
    print(
        f"{backend:10} {len(jobs):6} {num_frames:7} {1e3 * here.cpu_s / num_frames:14.3f} "
        f"{1e3 * there.cpu_s / num_frames:11.3f} {ratio:9.3f} {here.wall_s / there.wall_s:10.3f} "
        f"{num_equal:4}/{len(jobs)}",
        flush=True,
    )
    return ratio >= TARGET_RATIO and num_equal == len(jobs)


def _timed(cost: Cost, work: Any) -> Landmarks:
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    found: Landmarks = work()
    cost.cpu_s += time.process_time() - cpu_s
    cost.wall_s += time.perf_counter() - wall_s
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=24, help="real clips (default: %(default)s)")
    parser.add_argument("--cores", type=int, default=1, help="cores for both sides together (default: %(default)s)")
    parser.add_argument("--backend", action="append", choices=("mediapipe", "dlib"), help="default: both")
    flags = parser.parse_args()
    clips = sorted((DATA / "grid" / "s1_processed").glob("*.mpg"))[: flags.clips]
    if not clips:
        print(f"no clips below {DATA}: set VISEMILL_TESTDATA")
        return 1
    one_thread = thread_environment(1)
    if not one_thread.items() <= os.environ.items():
        # Libraries read these as they are loaded, so the process starts anew with them.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **one_thread})
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-flags.cores :])
    jobs = [ClipJob(Clip(c.stem, c.stem, "s1", c.name), Media.of_bytes(c.name, c.read_bytes())) for c in clips]
    print(f"remote landmarks against in-process on the same {flags.cores} core(s); asked for: at least {TARGET_RATIO}")
    print("backend     clips  frames  here ms/frame  there ms/f  CPU ratio  wall ratio  equal")
    reached = [measure(backend, jobs) for backend in flags.backend or ("mediapipe", "dlib")]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
