"""A run on Kubernetes against the same run here: time to the first clip, overhead, time to replace a pod that died.

python benchmarks/cluster.py [--clips 24] [--workers 2] [--image NAME] [--status-shards 0]

Needs KUBECONFIG and kubectl, a store that this machine and the pods reach by the usual AWS variables, and real clips:
VISEMILL_TESTDATA. Clocks of nodes must agree with this one's. --status-shards 100000 also writes a run of so many
shards into the store, which takes minutes, and times its status. The namespace that it makes and what it writes into
the bucket are removed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestrator.runs.commits.observe import observe, read_done
from services.base.run import paths
from services.base.run.spec import PinnedStage, RunSpec, ShardCommit
from services.base.store.open import open_store

ROOT = Path(__file__).resolve().parents[1]
GRID = Path(os.environ.get("VISEMILL_TESTDATA", ROOT / ".." / "shared")) / "data" / "grid" / "s1_processed"
LIMIT_S = 1800
STORE = ("AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class Namespace:
    """A namespace of this benchmark, with the store's Secret."""

    def __init__(self) -> None:
        self.name = f"visemill-bench-{uuid.uuid4().hex[:6]}"
        self.kubectl("create", "namespace", self.name)
        keys = [f"--from-literal={name}={os.environ[name]}" for name in STORE if name in os.environ]
        self.kubectl("create", "secret", "generic", "visemill-s3", *keys)

    def kubectl(self, *words: str) -> str:
        argv = ["kubectl", "--namespace", self.name, *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    def close(self) -> None:
        self.kubectl("delete", "namespace", self.name, "--wait=false")

    def pods(self) -> list[str]:
        """Names of workers' pods, the oldest first."""
        words = ("get", "pods", "-l", "app.kubernetes.io/component=worker", "--sort-by=.metadata.creationTimestamp")
        return [line.split()[0] for line in self.kubectl(*words, "--no-headers").splitlines()]

    def heard(self, pod: str, event: str) -> float | None:
        """When a worker said a word for the first time, in seconds since 1970."""
        argv = ["kubectl", "--namespace", self.name, "logs", "--timestamps", pod]
        said = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
        lines = (line for line in said.splitlines() if f'"event": "{event}"' in line)
        first = next(lines, "").partition(" ")[0]
        return datetime.fromisoformat(first).timestamp() if first else None

    def first(self, event: str, process: subprocess.Popen[str], but: str = "") -> tuple[str, float]:
        """(pod, when) of the first pod, other than one, that says the word. process: must be at work."""
        while process.poll() is None:
            found = [(self.heard(pod, event), pod) for pod in self.pods() if pod != but]
            heard = sorted((at_s, pod) for at_s, pod in found if at_s is not None)
            if heard:
                return heard[0][1], heard[0][0]
            time.sleep(0.2)
        raise RuntimeError(f"the run ended before a pod said {event!r}: {process.communicate()[0]}")


@contextmanager
def running(*words: object) -> Iterator[subprocess.Popen[str]]:
    """The command line at work."""
    argv = [sys.executable, "-m", "orchestrator.cli.main", *map(str, words), "-o", "json", "--quiet"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


def answer_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    text, _ = process.communicate(timeout=LIMIT_S)
    answer: dict[str, Any] = json.loads(text)
    if process.returncode != 0:
        raise RuntimeError(f"exit {process.returncode}: {text}")
    return answer


def upload(uri: str, num_clips: int) -> None:
    """Real clips, some of them several times under other names."""
    store, sources = open_store(uri), sorted(GRID.glob("*.mpg"))[:20]
    for i in range(num_clips):
        source = sources[i % len(sources)]
        stem = f"{source.stem}x{i // len(sources)}"
        store.put(f"s1_processed/{stem}.mpg", source.read_bytes())
        align = source.parent / "align" / f"{source.stem}.align"
        store.put(f"s1_processed/align/{stem}.align", align.read_bytes())


def spent_s(output: str) -> tuple[float, float]:
    """(seconds, CPU seconds) that workers have spent on the shards of a run."""
    state = open_store(f"{output}/{paths.STATE_DIR}")
    run = json.loads(state.read("output.json"))["run"]
    observed = observe(state, run)
    done = read_done(state, observed.spec, observed.done)
    wall_s = sum(shard.seconds["wall"] for shard in done)
    return wall_s, sum(sum(shard.seconds.values()) for shard in done) - wall_s


def words_of(root: str, name: str, num_shards: int) -> list[object]:
    roots = ["--input-root", f"{root}/in", "--output-root", f"{root}/{name}"]
    return ["run", "grid", *roots, "--num-shards", num_shards, "--clip-memory-mib", 1000, "--no-artifact-cache"]


def pods_of(args: argparse.Namespace, place: Namespace, parallelism: int) -> list[object]:
    image = ["--image", args.image] if args.image else []
    return ["--cluster", "kube", "--namespace", place.name, *image, "--parallelism", parallelism]


def compare(root: str, args: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """(what, figure): the first clip, and the whole run here and there, by as many workers."""
    num_shards, place = 2 * args.workers, Namespace()
    began_s = time.time()
    with running(*words_of(root, "here", num_shards), "--workers", args.workers) as process:
        answer_of(process)
    here_s = time.time() - began_s
    try:
        began_s = time.time()
        with running(*words_of(root, "there", num_shards), *pods_of(args, place, args.workers)) as process:
            _, ready_s = place.first("ready", process)
            _, clip_s = place.first("clip", process)
            answer_of(process)
        there_s = time.time() - began_s
    finally:
        place.close()
    yield "from `run` to a pod whose models are open", f"{ready_s - began_s:.1f} s"
    yield "from `run` to the first clip that is done", f"{clip_s - began_s:.1f} s"
    yield f"the command, {args.workers} workers here", f"{here_s:.1f} s"
    yield f"the command, {args.workers} pods at a time", f"{there_s:.1f} s, {there_s / here_s:.2f} times"
    (wall_here_s, cpu_here_s), (wall_there_s, cpu_there_s) = spent_s(f"{root}/here"), spent_s(f"{root}/there")
    yield "time of workers on shards, pods against here", f"{wall_there_s / wall_here_s:.2f} times"
    yield "CPU time of the stages, pods against here", f"{cpu_there_s / cpu_here_s:.2f} times"


def replaced(root: str, args: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """(what, figure): a pod at work is killed."""
    place = Namespace()
    try:
        with running(*words_of(root, "killed", 1), *pods_of(args, place, 1)) as process:
            pod, _ = place.first("clip", process)
            killed_s = time.time()
            place.kubectl("delete", "pod", pod, "--grace-period=0", "--force")
            _, ready_s = place.first("ready", process, but=pod)
            _, clip_s = place.first("clip", process, but=pod)
            answer_of(process)
    finally:
        place.close()
    yield "from the kill of a pod to its replacement's open models", f"{ready_s - killed_s:.1f} s"
    yield "from the kill of a pod to its replacement's first clip", f"{clip_s - killed_s:.1f} s"


def status(root: str, num_shards: int) -> Iterator[tuple[str, str]]:
    """(what, figure): the status of a run of so many shards, in the store."""
    output = f"{root}/many"
    state = open_store(f"{output}/{paths.STATE_DIR}")
    spec = RunSpec(
        "many", "grid", "d" * 64, (PinnedStage("decode"),), root, output, num_shards, num_shards, "0" * 64, {}
    )

    def commit(shard: int) -> None:
        done = ShardCommit(shard, spec.digest, {}, {}, {"train": 1}, {"wall": 1.0})
        state.put(paths.done_file("many", shard, num_shards), done.to_json())
        state.put(paths.quality_file("many", shard, num_shards), b'{"key":"k"}\n')

    state.put("output.json", json.dumps({"run": "many", "digest": spec.digest}).encode())
    state.put(paths.run_file("many"), spec.to_json())
    with ThreadPoolExecutor(16) as pool:
        for _ in pool.map(commit, range(num_shards)):
            pass
    began_s = time.time()
    with running("status", "--output-root", output) as process:
        answer_of(process)
    yield f"status of {num_shards} shards, two objects each", f"{time.time() - began_s:.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bucket", required=True, help="one that may be written")
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--image", default="")
    parser.add_argument("--status-shards", type=int, default=0)
    args = parser.parse_args()
    folder = f"bench-{uuid.uuid4().hex[:8]}"
    root = f"s3://{args.bucket}/{folder}"
    try:
        upload(f"{root}/in", args.clips)
        rows = [*compare(root, args), *replaced(root, args)]
        rows += status(root, args.status_shards) if args.status_shards else []
        print("| what | figure |\n|---|---|")
        for what, figure in rows:
            print(f"| {what} | {figure} |")
    finally:
        open_store(f"s3://{args.bucket}").delete_prefix(f"{folder}/")


if __name__ == "__main__":
    main()
