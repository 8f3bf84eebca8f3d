"""A worker against a bare loop over the same stages, two workers against one, and a worker's memory over many clips.

python benchmarks/worker.py [--clips 24] [--backend mediapipe] [--memory-clips 200]

Needs real clips: VISEMILL_TESTDATA.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from services.__main__ import open_stage
from services.base.media.clip import Clip, Media
from services.base.process.threads import thread_environment
from services.base.sandbox.watchdog import resident_bytes
from services.base.stage.clip_pass import ClipPass
from services.base.stage.product import FilePart, PiecePart
from services.base.stage.spec import ClipJob
from services.formats.tfrecord import write_record

ROOT = Path(__file__).resolve().parents[1]
TESTDATA = Path(os.environ.get("VISEMILL_TESTDATA", ROOT / ".." / "shared"))
GRID = TESTDATA / "data" / "grid" / "s1_processed"


def stages_of(backend: str) -> list[tuple[str, dict[str, object]]]:
    return [("decode", {"max_frames": 75}), ("landmarks", {"backend": backend}), ("records", {})]


def corpus(folder: Path, num_clips: int) -> list[Path]:
    """Real clips under as many names as asked for."""
    sources = sorted(GRID.glob("*.mpg"))
    (folder / "s1_processed" / "align").mkdir(parents=True)
    made = []
    for i in range(num_clips):
        source = sources[i % len(sources)]
        stem = source.stem if i < len(sources) else f"{source.stem}x{i // len(sources)}"
        target = folder / "s1_processed" / f"{stem}.mpg"
        shutil.copy(source, target)
        shutil.copy(source.parent / "align" / f"{source.stem}.align", target.parent / "align" / f"{stem}.align")
        made.append(target)
    return made


def bare_loop(clips: list[Path], backend: str, out: Path) -> tuple[float, float]:
    """(wall seconds, CPU seconds) of the stages called in one process, nothing around them."""
    stages = stages_of(backend)
    opened = ClipPass([open_stage(name, config, None, dict(stages)) for name, config in stages])
    jobs = []
    for path in clips:
        align = (path.parent / "align" / f"{path.stem}.align").read_bytes()
        jobs.append((path, Clip(f"s1/{path.stem}", path.stem, "s1", path.name), align))
    list(opened.run(ClipJob(jobs[0][1], Media.of_file(jobs[0][0]), {"align": jobs[0][2]}), {}))
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    with out.open("wb") as sink:
        for path, clip, align in jobs:
            job = ClipJob(clip, Media.of_bytes(path.name, path.read_bytes()), {"align": align})
            for part in opened.run(job, {}):
                if isinstance(part, FilePart):
                    pieces = []
                elif isinstance(part, PiecePart):
                    pieces.append(part.data)
            write_record(sink, b"".join(pieces))
    return time.perf_counter() - wall_s, time.process_time() - cpu_s


def run(root: Path, out: Path, backend: str, workers: int, shards: int) -> dict[str, float]:
    """Wall seconds from the first worker's being ready to the end of the run, and the run's own figures."""
    argv = [
        sys.executable,
        "-m",
        "orchestrator.cli.main",
        "run",
        "grid",
        "--input-root",
        str(root),
        "--output-root",
        str(out),
    ]
    argv += ["--workers", str(workers), "--num-shards", str(shards), "--landmarks", backend, "--quiet", "-o", "json"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3):
        sys.exit(done.stdout + done.stderr)
    report = json.loads(done.stdout)
    shard_files = (out / ".visemill" / "runs").glob("*/shards/*/done.json")
    seconds = [json.loads(path.read_text())["seconds"] for path in shard_files]
    return {
        "busy_s": sum(s["wall"] for s in seconds),
        "cpu_s": sum(v for s in seconds for k, v in s.items() if k != "wall"),
        "wall_s": report["wall_s"],
        "frames": report["counts"]["frames"],
    }


def memory(root: Path, folder: Path, backend: str) -> list[tuple[int, int]]:
    """(clips done, resident MiB of the child) while one worker goes through everything."""
    argv = [
        sys.executable,
        "-m",
        "orchestrator.cli.main",
        "run",
        "grid",
        "--input-root",
        str(root),
        "--output-root",
        str(folder),
    ]
    argv += ["--workers", "1", "--num-shards", "1", "--landmarks", backend, "--no-artifact-cache", "-o", "json"]
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    samples = []
    assert process.stderr is not None
    for line in process.stderr:
        if "clips (" in line:
            num_done = int(line.split("/")[0])
            samples.append((num_done, max((resident_bytes(pid) for pid in descendants(process.pid)), default=0) >> 20))
    process.wait()
    return samples


def descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--backend", choices=("mediapipe", "dlib"), default="mediapipe")
    parser.add_argument("--memory-clips", type=int, default=200)
    flags = parser.parse_args()
    if not GRID.is_dir():
        print(f"skipped: no real clips in {GRID}; set VISEMILL_TESTDATA")
        return
    os.environ.update(thread_environment(1))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = corpus(folder / "in", flags.clips)
        print(f"{flags.backend}, {flags.clips} real clips, wall seconds; ratio: bare loop / ours, 1.00 is no overhead")
        bare = []
        worker = []
        for i in range(3):
            bare.append(bare_loop(clips, flags.backend, folder / "bare.tfrecord"))
            worker.append(run(folder / "in", folder / f"one{i}", flags.backend, 1, 4))
        bare_wall_s = sorted(wall_s for wall_s, _ in bare)[1]
        busy_s = sorted(w["busy_s"] for w in worker)[1]
        two = [run(folder / "in", folder / f"two{i}", flags.backend, 2, 4) for i in range(3)]
        per_worker_s = sorted(w["busy_s"] for w in two)[1]
        print(f"| bare loop | {bare_wall_s:.2f} | 1.00 |")
        print(f"| one worker, in its shards | {busy_s:.2f} | {bare_wall_s / busy_s:.2f} |")
        print(f"| two workers, throughput over one | {per_worker_s / 2:.2f} | {2 * busy_s / per_worker_s:.2f} x |")
        num_frames = worker[0]["frames"]
        print(f"| frames decoded per frame written | {num_frames} | {num_frames / frames_of(folder / 'one0'):.2f} |")
        if flags.memory_clips:
            corpus(folder / "many", flags.memory_clips)
            samples = memory(folder / "many", folder / "memory", flags.backend)
            shown = samples[:: max(1, len(samples) // 8)] + samples[-1:]
            print("resident MiB of the child by clips done: " + ", ".join(f"{n}: {mib}" for n, mib in shown))


def frames_of(out: Path) -> int:
    lines = (out / "quality.jsonl").read_text().splitlines()
    return sum(json.loads(line)["num_frames"] for line in lines)


if __name__ == "__main__":
    main()
