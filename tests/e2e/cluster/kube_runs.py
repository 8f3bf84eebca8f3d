"""Runs on a cluster as tests drive them: a command that is watched while it runs, its pods, its output."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

# Small, for machines that tests share: a worker holds 300 MiB.
SIZES = ["--clip-memory-mib", "1000", "--pods-memory-mib", "1400", "--pods-cpu", "0.8"]


# Takes all the memory of its pod, of whose processes the kernel ends the first rank: a user may mark their own so.
_EAT = """
import pathlib
for process in pathlib.Path("/proc").glob("[0-9]*"):
    if b"RANK=0" in (process / "environ").read_bytes().split(b"\\0"):
        (process / "oom_score_adj").write_text("1000")
held = []
while True:
    held.append(b"x" * (1 << 24))
"""


def run_out_of_memory(cluster: Any, namespace: str, pod: str) -> None:
    """Rank 0 of a training, in the pod that holds it."""
    cluster.kubectl("exec", "-n", namespace, pod, "--", "python3", "-c", _EAT, code=None)


def kill_container(cluster: Any, pod: dict[str, Any]) -> None:
    """SIGKILL to everything in it, as its node sees it."""
    container = pod["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
    cluster.script("ctr", pod["spec"]["nodeName"].removeprefix("node-"), "tasks", "kill", "-s", "SIGKILL", container)


class Watched:
    """A command that runs, what it says kept with the time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[tuple[float, str]] = [(time.monotonic(), "started")]
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append((time.monotonic(), line.rstrip()))

    @property
    def words(self) -> str:
        return "\n".join(line for _, line in self.said)

    @property
    def keeps_telling(self) -> bool:
        """Whether it has said a line for every ten seconds that it took, however busy the machine was."""
        return len(self.said) > (self.said[-1][0] - self.said[0][0]) / 10

    @property
    def cpu_s(self) -> float:
        """Of a core, used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self, limit_s: float = 600) -> dict[str, Any]:
        """Its answer."""
        assert self.process.stdout is not None
        try:
            self.process.wait(limit_s)
        finally:
            self.process.kill()
        text = self.process.stdout.read()
        self._reader.join()
        answer: dict[str, Any] = json.loads(text) if text else {}
        return answer


class Runs:
    """Runs over one corpus, each into an output of its own."""

    def __init__(
        self, kube_visemill, cluster, store, images, bucket: str, inputs: str, folder: Path, num_shards: int
    ) -> None:
        self.visemill, self.cluster, self.store, self.images = kube_visemill, cluster, store, images
        self.bucket, self.inputs, self.folder, self.num_shards = bucket, inputs, folder, num_shards
        self._begun: list[Watched] = []

    def words(self, name: str, namespace: str, *more: object) -> list[object]:
        where = ["--cluster", "kube", "--namespace", namespace, "--image", self.images.name("worker"), *SIZES]
        roots = ["--input-root", self.inputs, "--output-root", self.output(name)]
        return ["run", "grid", *roots, "--num-shards", self.num_shards, *where, *more]

    def output(self, name: str) -> str:
        return f"s3://{self.bucket}/{name}"

    def start(self, name: str, namespace: str, *more: object) -> Watched:
        return self.begin(*self.words(name, namespace, *more))

    def begin(self, *words: object) -> Watched:
        self._begun.append(Watched(self.visemill.start(*words, "-o", "json")))
        return self._begun[-1]

    def close(self) -> None:
        """Ends what a test that failed has left running."""
        for run in self._begun:
            run.process.kill()

    def tree(self, name: str) -> Path:
        return self.store.get(self.bucket, name, self.folder / name)

    def pods(self, namespace: str, phase: str = "Running") -> list[dict[str, Any]]:
        found = self.cluster.get("pods", "-n", namespace, f"--field-selector=status.phase={phase}")
        return found["items"]

    def working(self, namespace: str, *, but: Collection[str] = (), node: str = "") -> dict[str, Any]:
        """A pod that has begun its work: none of these names, on this node."""

        def one() -> dict[str, Any] | None:
            for pod in self.pods(namespace):
                if pod["metadata"]["name"] in but or node not in ("", pod["spec"]["nodeName"]):
                    continue
                log = self.cluster.kubectl("logs", "-n", namespace, pod["metadata"]["name"], code=None)
                if '"event": "ready"' in log:
                    return pod
            return None

        return self.cluster.wait("a pod at work", one)

    def job(self, namespace: str) -> dict[str, Any]:
        """The newest Job."""
        jobs = self.cluster.get("jobs", "-n", namespace)["items"]
        return max(jobs, key=lambda job: int(job["metadata"]["labels"]["visemill.dev/generation"]), default={})
