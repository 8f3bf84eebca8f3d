"""Features through a Triton server on the CPU: against the bare loop in this process, and with and without batching.

    python benchmarks/features_triton.py --venv ENVIRONMENT [--frames 32] [--clients 8]

ENVIRONMENT holds tritonserver (nvidia-pytriton) and onnxruntime. InceptionV3 runs on one thread on both sides, on the
same core, in turn, so that a busy machine slows both alike; CPU of the Triton side is that of client, server and model
together. Ratios are bare over Triton: 1.00 is no loss. Then a small network of sequences is asked by many clients at
once, one sequence a request, with dynamic batching and without: on a CPU a batch costs what its items cost, so what
batching saves there is the server's own work for each request.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import onnxruntime

from services.base.settings import thread_environment
from services.features.ops import CPU_PIECE, by_pieces
from services.features.spec import FeaturesConfig
from services.features.triton import TritonDoor, TritonFrames, TritonSequences
from services.features.triton_config import Serving
from services.features.triton_repository import export_network

TARGET_RATIO = 0.9
ROUNDS = 3


class Server:
    """tritonserver on a repository, on the cores of this process."""

    def __init__(self, venv: Path, folder: Path, repository: Path) -> None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        packages = venv / "lib" / f"python{version}" / "site-packages"
        server = packages / "pytriton" / "tritonserver"
        backend = folder / "backends" / "python"
        backend.mkdir(parents=True, exist_ok=True)
        for name in ("libtriton_python.so", "triton_python_backend_utils.py"):
            shutil.copy(server / "backends" / "python" / name, backend)
        shutil.copy(server / "python_backend_stubs" / version / "triton_python_backend_stub", backend)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.target = f"127.0.0.1:{port}"
        argv = [str(server / "bin" / "tritonserver"), f"--model-repository={repository}"]
        argv += [f"--backend-directory={backend.parent}", "--grpc-address=127.0.0.1", f"--grpc-port={port}"]
        argv += ["--allow-http=false", "--allow-metrics=false", "--log-info=false", "--log-warning=false"]
        environment = {
            **os.environ,
            "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "LD_LIBRARY_PATH": str(packages / "nvidia_pytriton.libs"),
        }
        environment.pop("PYTHONPATH", None)
        self._process = subprocess.Popen(
            argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def cpu_s(self) -> float:
        """CPU time of the server and its models so far."""
        pids = [self._process.pid]
        for task in Path(f"/proc/{pids[0]}/task").iterdir():
            pids += [int(p) for p in (task / "children").read_text().split()]
        return sum(_cpu_s(pid) for pid in pids)

    def stop(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bare_loop(onnx: Path) -> Callable[[np.ndarray], np.ndarray]:
    """The network by onnxruntime, and nothing else."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    return lambda frames_NHWC: by_pieces(
        lambda piece: session.run(["features"], {"frames": piece})[0], frames_NHWC, CPU_PIECE
    )


def against_the_bare_loop(server: Server, repository: Path, num_frames: int) -> bool:
    frames_NHWC = np.random.default_rng(0).integers(0, 256, (num_frames, 299, 299, 3), np.uint8)
    bare = bare_loop(repository / "inception_v3" / "1" / "model.onnx")
    expected = bare(frames_NHWC[:2])
    print("\ntransport      bare CPU ms/frame  Triton CPU ms/frame  CPU ratio  wall ratio  largest difference")
    reached = True
    for transport in ("shared-memory", "grpc"):
        model = TritonFrames(TritonDoor(server.target, "inception_v3", transport=transport))
        difference = np.abs(model(frames_NHWC[:2]) - expected).max() / expected.std()
        bare_cpu_s = bare_wall_s = triton_cpu_s = triton_wall_s = 0.0
        for _ in range(ROUNDS):
            cpu_s, wall_s = time.process_time(), time.perf_counter()
            bare(frames_NHWC)
            bare_cpu_s += time.process_time() - cpu_s
            bare_wall_s += time.perf_counter() - wall_s
            cpu_s, wall_s = time.process_time() + server.cpu_s(), time.perf_counter()
            model(frames_NHWC)
            triton_cpu_s += time.process_time() + server.cpu_s() - cpu_s
            triton_wall_s += time.perf_counter() - wall_s
        num = ROUNDS * num_frames
        ratio = bare_cpu_s / triton_cpu_s
        print(
            f"{transport:14} {1e3 * bare_cpu_s / num:17.1f} {1e3 * triton_cpu_s / num:20.1f} {ratio:10.3f} "
            f"{bare_wall_s / triton_wall_s:11.3f} {difference:19.1e}",
            flush=True,
        )
        reached &= ratio >= TARGET_RATIO
    return reached


def many_clients(server: Server, num_clients: int, what: str) -> float:
    """Prints one line; requests a second."""
    doors = [TritonDoor(server.target, "semantic", num_in_flight=1) for _ in range(num_clients)]
    models = [TritonSequences(door, batch_size=1, num_in_flight=1) for door in doors]
    sequence_TC = np.random.default_rng(1).standard_normal((20, 80)).astype(np.float32)
    num_each = 200

    def ask(model: TritonSequences) -> None:
        for _ in range(num_each):
            model([sequence_TC])

    with ThreadPoolExecutor(num_clients) as pool:
        list(pool.map(lambda model: model([sequence_TC]), models))
        before = _executions(server)
        cpu_s, wall_s = server.cpu_s(), time.perf_counter()
        list(pool.map(ask, models))
        wall_s, cpu_s = time.perf_counter() - wall_s, server.cpu_s() - cpu_s
    num = num_clients * num_each
    executions = _executions(server) - before
    print(f"{what:30} {num:8} {executions:10} {num / wall_s:12.0f} {1e6 * cpu_s / num:21.0f}", flush=True)
    return num / wall_s


def _executions(server: Server) -> int:
    import tritonclient.grpc as triton_grpc

    with triton_grpc.InferenceServerClient(server.target) as client:
        return int(client.get_inference_statistics("semantic").model_stats[0].execution_count)


def served(flags: argparse.Namespace, folder: Path, repository: Path, what: str) -> float:
    """As `many_clients`, by a server of its own."""
    server = Server(flags.venv, folder, repository)
    try:
        return many_clients(server, flags.clients, what)
    finally:
        server.stop()


def measure(flags: argparse.Namespace, folder: Path) -> bool:
    print(f"features through Triton on {len(os.sched_getaffinity(0))} core(s); asked for: at least {TARGET_RATIO}")
    reached = True
    if flags.frames:
        frames_repository = folder / "frames"
        export_network(frames_repository, "inception_v3", FeaturesConfig(), Serving())
        server = Server(flags.venv, folder / "loop", frames_repository)
        try:
            reached = against_the_bare_loop(server, frames_repository, flags.frames)
        finally:
            server.stop()
    repository = folder / "models"
    print(f"\n{flags.clients} clients at once          requests executions   requests/s  server CPU us/request")
    export_network(repository, "semantic", FeaturesConfig(), Serving())
    batched = served(flags, folder / "with", repository, "with dynamic batching")
    export_network(repository, "semantic", FeaturesConfig(), Serving(max_queue=256))
    served(flags, folder / "limited", repository, "with, and a limit of queue")
    config = repository / "semantic" / "config.pbtxt"
    config.write_text(re.sub(r"^dynamic_batching \{.*?^\}\n", "", config.read_text(), flags=re.DOTALL | re.MULTILINE))
    single = served(flags, folder / "without", repository, "without")
    print(f"batching: {batched / single:.2f} times the requests a second")
    return reached


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=os.environ.get("VISEMILL_TRITON_VENV"), help="environment")
    parser.add_argument("--frames", type=int, default=32, help="frames a round, 0: none (default: %(default)s)")
    parser.add_argument("--clients", type=int, default=8, help="clients at once (default: %(default)s)")
    parser.add_argument("--cores", type=int, default=1, help="cores for all together (default: %(default)s)")
    flags = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    if flags.venv is None:
        print("no tritonserver: give --venv or set VISEMILL_TRITON_VENV")
        return 0
    one_thread = thread_environment(1)
    if not one_thread.items() <= os.environ.items():
        # Libraries read these as they are loaded, so the process starts anew with them.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **one_thread})
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-flags.cores :])
    with tempfile.TemporaryDirectory() as folder:
        return 0 if measure(flags, Path(folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
