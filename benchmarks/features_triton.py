"""Features through a Triton server on the CPU: against the bare loop in this process, and with and without batching.

    python benchmarks/features_triton.py --venv ENVIRONMENT [--frames 32] [--clients 8] [--rounds 3]

ENVIRONMENT holds tritonserver (nvidia-pytriton) and onnxruntime. InceptionV3 runs on one thread on both sides, on the
same core, in turn, so that a busy machine slows both alike; figures are medians of the rounds, CPU of the Triton side
is that of client, server and model together. Ratios are bare over Triton: 1.00 is no loss. First the network alone,
then real sign clips from the file to the vectors, where decodes are counted, too. Then a small network of
sequences is asked by many clients at once, one sequence a request, with dynamic batching and without: on a CPU a
batch costs what its items cost, so what batching saves there is the server's own work for each request.
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

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "plugins"))

import numpy as np
import onnxruntime
from triton_sequences import TritonSequences

from services.base.media.clip import Clip, Media
from services.base.process.threads import thread_environment
from services.base.stage.clip_pass import ArtifactPart, BoundStage, ClipPass, InfoPart
from services.base.stage.spec import ClipJob
from services.containers.config import DecodeConfig
from services.containers.frames import decoded_frames_total
from services.decode.spec import SPEC as DECODE_SPEC
from services.decode.stage import open_stage as open_decode
from services.features.ops import CPU_PIECE, by_pieces
from services.features.spec import SPEC, FeaturesConfig
from services.features.stage import open_stage
from services.features.triton.networks import TritonFrames
from services.features.triton.repository import export_network
from services.triton.client import TritonClient
from services.triton.config import Serving

TARGET_RATIO = 0.9
REQUESTS_A_ROUND = 50
ROOT = Path(__file__).resolve().parents[1]
HEADS = f"{'bare CPU ms/frame':>17} {'Triton CPU ms/frame':>20} {'CPU ratio':>10} {'wall ratio':>11}"
CLIPS = Path(os.environ.get("VISEMILL_TESTDATA", ROOT / ".." / "shared")).resolve() / "data" / "sign"


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


class Turns:
    """Two ways of the same work, in turn: CPU and wall seconds of each round."""

    def __init__(self, server: Server, num_rounds: int) -> None:
        self._server = server
        self._num_rounds = num_rounds

    def measure(self, bare: Callable[[], object], triton: Callable[[], object]) -> tuple[np.ndarray, np.ndarray]:
        """Medians: (CPU s, wall s) of the bare way, of the one through Triton."""
        found = np.array([[self._timed(work) for work in (bare, triton)] for _ in range(self._num_rounds)])
        return tuple(np.median(found, axis=0))

    def _timed(self, work: Callable[[], object]) -> tuple[float, float]:
        cpu_s, wall_s = time.process_time() + self._server.cpu_s(), time.perf_counter()
        work()
        return time.process_time() + self._server.cpu_s() - cpu_s, time.perf_counter() - wall_s


def say(what: str, bare: np.ndarray, triton: np.ndarray, num_frames: int, rest: str) -> bool:
    """One row; whether the target is reached."""
    ms = 1e3 / num_frames
    ratio, wall_ratio = bare / triton
    print(
        f"{what:24} {ms * bare[0]:17.1f} {ms * triton[0]:20.1f} {ratio:10.3f} {wall_ratio:11.3f} {rest:>19}", flush=True
    )
    return bool(ratio >= TARGET_RATIO)


def against_the_bare_loop(server: Server, repository: Path, num_frames: int, turns: Turns) -> bool:
    frames_NHWC = np.random.default_rng(0).integers(0, 256, (num_frames, 299, 299, 3), np.uint8)
    bare = bare_loop(repository / "inception_v3" / "1" / "model.onnx")
    expected = bare(frames_NHWC[:2])
    print(f"\n{'the network alone':24} {HEADS} {'largest difference':>19}")
    reached = True
    for transport in ("shared-memory", "grpc"):
        model = TritonFrames(TritonClient(server.target, "inception_v3", transport=transport))
        difference = np.abs(model(frames_NHWC[:2]) - expected).max() / expected.std()
        times = turns.measure(lambda: bare(frames_NHWC), lambda model=model: model(frames_NHWC))
        reached &= say(transport, *times, num_frames, f"{difference:.1e}")
    return reached


def from_the_file(server: Server, onnx: Path, turns: Turns) -> bool:
    """Decode and features of the sign clips at 15 frames a second, in this process and through Triton."""
    clips = sorted(CLIPS.glob("*.mp4"))
    if not clips:
        print(f"no sign clips in {CLIPS}: set VISEMILL_TESTDATA")
        return True

    def way(**config: object) -> Callable[[], tuple[int, int]]:
        """Frames in the files, and frames kept."""
        decode = BoundStage(DECODE_SPEC, open_decode(DecodeConfig(sampling="grid", target_fps=15.0)))
        features = BoundStage(SPEC, open_stage(FeaturesConfig(**config)))
        carried = ClipPass([decode, features])

        def run() -> tuple[int, int]:
            num_held = num_kept = 0
            for path in clips:
                for part in carried.run(ClipJob(Clip(path.stem, path.stem, "", path.name), Media.of_file(path)), {}):
                    num_held += part.info.num_frames_declared if isinstance(part, InfoPart) else 0
                    num_kept += len(part.value.vectors_TD) if isinstance(part, ArtifactPart) else 0
            return num_held, num_kept

        return run

    bare = way(backend="onnxruntime", weights=str(onnx))
    print(f"\n{'from the file':24} {HEADS} {'decodes a frame':>19}")
    reached = True
    for transport in ("shared-memory", "grpc"):
        triton = way(backend="triton", triton=server.target, triton_transport=transport)
        num_before = decoded_frames_total()
        num_held, num_kept = triton()
        decodes = f"{(decoded_frames_total() - num_before) / num_held:.2f}"
        reached &= say(transport, *turns.measure(bare, triton), num_kept, decodes)
    return reached


class Clients:
    """Many clients of one server, each with a request at a time. rounds: (requests/s, server CPU us a request) each."""

    def __init__(self, server: Server, num_clients: int, what: str) -> None:
        self._server, self._what = server, what
        clients = [TritonClient(server.target, "semantic", num_in_flight=1) for _ in range(num_clients)]
        self._models = [TritonSequences(client, batch_size=1, num_in_flight=1) for client in clients]
        self._sequence_TC = np.random.default_rng(1).standard_normal((20, 80)).astype(np.float32)
        self._ask(1)
        self._num_before = _executions(server)
        self.rounds: list[tuple[float, float]] = []

    def round(self) -> None:
        cpu_s, wall_s = self._server.cpu_s(), time.perf_counter()
        self._ask(REQUESTS_A_ROUND)
        wall_s, cpu_s = time.perf_counter() - wall_s, self._server.cpu_s() - cpu_s
        num = len(self._models) * REQUESTS_A_ROUND
        self.rounds.append((num / wall_s, 1e6 * cpu_s / num))

    def say(self) -> float:
        """Prints one line; requests a second, the median of the rounds."""
        num = len(self.rounds) * len(self._models) * REQUESTS_A_ROUND
        executions = _executions(self._server) - self._num_before
        rate, cpu_us = np.median(self.rounds, axis=0)
        print(f"{self._what:30} {num:8} {executions:10} {rate:12.0f} {cpu_us:21.0f}", flush=True)
        return float(rate)

    def _ask(self, num_each: int) -> None:
        def ask(model: TritonSequences) -> None:
            for _ in range(num_each):
                model([self._sequence_TC])

        with ThreadPoolExecutor(len(self._models)) as pool:
            list(pool.map(ask, self._models))


def _executions(server: Server) -> int:
    import tritonclient.grpc as triton_grpc

    with triton_grpc.InferenceServerClient(server.target) as client:
        return int(client.get_inference_statistics("semantic").model_stats[0].execution_count)


def with_and_without_batching(flags: argparse.Namespace, folder: Path) -> None:
    """Three servers take turns, so that a busy machine slows all alike."""
    servers, clients = [], []
    try:
        for what, serving in (
            ("with dynamic batching", Serving()),
            ("with, and a limit of queue", Serving(max_queue=256)),
            ("without", None),
        ):
            place = folder / str(len(servers))
            repository = place / "models"
            export_network(repository, "semantic", FeaturesConfig(), serving or Serving())
            if serving is None:
                config = repository / "semantic" / "config.pbtxt"
                none = re.sub(r"^dynamic_batching \{.*?^\}\n", "", config.read_text(), flags=re.DOTALL | re.MULTILINE)
                config.write_text(none)
            servers.append(Server(flags.venv, place, repository))
            clients.append(Clients(servers[-1], flags.clients, what))
        for _ in range(3 * flags.rounds):
            for each in clients:
                each.round()
        print(f"\n{flags.clients} clients at once          requests executions   requests/s  server CPU us/request")
        batched, _, single = [each.say() for each in clients]
        print(f"batching: {batched / single:.2f} times the requests a second")
    finally:
        for server in servers:
            server.stop()


def measure(flags: argparse.Namespace, folder: Path) -> bool:
    print(f"features through Triton on {len(os.sched_getaffinity(0))} core(s); asked for: at least {TARGET_RATIO}")
    reached = True
    if flags.frames:
        frames_repository = folder / "frames"
        export_network(frames_repository, "inception_v3", FeaturesConfig(), Serving())
        server = Server(flags.venv, folder / "loop", frames_repository)
        try:
            turns = Turns(server, flags.rounds)
            reached = against_the_bare_loop(server, frames_repository, flags.frames, turns)
            reached &= from_the_file(server, frames_repository / "inception_v3" / "1" / "model.onnx", turns)
        finally:
            server.stop()
    with_and_without_batching(flags, folder)
    return reached


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=os.environ.get("VISEMILL_TRITON_VENV"), help="environment")
    parser.add_argument("--frames", type=int, default=32, help="frames a round, 0: none (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each row (default: %(default)s)")
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
