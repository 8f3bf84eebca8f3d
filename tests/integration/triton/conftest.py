"""A real tritonserver with its python backend on loopback, from an environment of its own."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from loopback_ports import reserved_ports
from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from services.base.process.threads import thread_environment

PYTRITON = "0.7.0"
START_LIMIT_S = 120
HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def triton_venv() -> Path:
    """An environment that holds tritonserver and, for its python backend, onnxruntime; made once, skips without."""
    named = os.environ.get("VISEMILL_TRITON_VENV")
    venv = Path(named) if named else Path.home() / ".cache" / "visemill" / f"triton-{PYTRITON}"
    if not named:
        venv.parent.mkdir(parents=True, exist_ok=True)
        # Several test processes ask at once; the first one installs.
        with venv.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _install(venv)
    if not _server_folder(venv).is_dir():
        pytest.skip(f"no tritonserver in {venv}: install nvidia-pytriton=={PYTRITON} there")
    return venv


def _install(venv: Path) -> None:
    ready = venv / ".visemill-ready"
    if ready.exists():
        return
    packages = [f"nvidia-pytriton=={PYTRITON}", "numpy<2", "onnxruntime"]
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=True, capture_output=True)
        argv = [str(venv / "bin" / "pip"), "install", "--quiet", *packages]
        subprocess.run(argv, check=True, capture_output=True, timeout=900)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no tritonserver: set VISEMILL_TRITON_VENV, or let pip install {packages}: {error}")
    ready.touch()


def _server_folder(venv: Path) -> Path:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return venv / "lib" / version / "site-packages" / "pytriton" / "tritonserver"


class TritonServer:
    """One tritonserver on a repository: `kill` it, and `start` brings it back on the same port."""

    def __init__(self, venv: Path, folder: Path, repository: Path, *flags: str, tls_ca: Path | None = None) -> None:
        server = _server_folder(venv)
        self.log = folder / "triton.log"
        backend = folder / "backends" / "python"
        backend.mkdir(parents=True)
        for name in ("libtriton_python.so", "triton_python_backend_utils.py"):
            shutil.copy(server / "backends" / "python" / name, backend)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        shutil.copy(server / "python_backend_stubs" / version / "triton_python_backend_stub", backend)
        grpc_port, self.metrics_port = reserved_ports(2)
        self.target = f"127.0.0.1:{grpc_port}"
        self._tls_ca = tls_ca
        self._argv = [
            str(server / "bin" / "tritonserver"),
            f"--model-repository={repository}",
            f"--backend-directory={backend.parent}",
            "--grpc-address=127.0.0.1",
            f"--grpc-port={grpc_port}",
            "--allow-http=false",
            "--metrics-address=127.0.0.1",
            f"--metrics-port={self.metrics_port}",
            "--exit-timeout-secs=5",
            *flags,
        ]
        libraries = [str(server.parents[1] / "nvidia_pytriton.libs"), os.environ.get("LD_LIBRARY_PATH", "")]
        self._env = {
            **os.environ,
            **thread_environment(1),
            "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "VIRTUAL_ENV": str(venv),
            "LD_LIBRARY_PATH": os.pathsep.join(filter(None, libraries)),
            "ORT_DISABLE_TELEMETRY": "1",
        }
        # Modules of this process's environment are not those of the server's.
        self._env.pop("PYTHONPATH", None)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once its models are ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._argv, stdout=log, stderr=log, env=self._env, start_new_session=True)
        until_s = time.monotonic() + START_LIMIT_S
        with self.client() as client:
            while time.monotonic() < until_s and self.process.poll() is None:
                try:
                    if client.is_server_ready(client_timeout=2):
                        return
                except (InferenceServerException, grpc.RpcError):
                    pass
                time.sleep(0.1)
        tail = self.log.read_text(errors="replace")[-3000:]
        self.kill()
        raise RuntimeError(f"tritonserver did not start within {START_LIMIT_S} s:\n{tail}")

    def client(self) -> InferenceServerClient:
        """A plain client of it."""
        return InferenceServerClient(self.target, ssl=self._tls_ca is not None, root_certificates=self._tls_ca)

    def kill(self) -> None:
        """Ends it and the stubs of its models at once."""
        if self.process:
            # Its own process group: the stubs would outlive a killed server for a while.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)
            self.process = None

    def pids(self) -> list[int]:
        """The server and the stubs of its models."""
        assert self.process is not None
        pid = self.process.pid
        found = [pid]
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
        return found

    def counts(self, model: str) -> tuple[int, int]:
        """(items inferred, executions) of a model, by the server's own statistics, once these stand still: a server
        counts what it has answered already, a moment later.
        """
        with self.client() as client:
            before = (-1, -1)
            for _ in range(50):
                found = client.get_inference_statistics(model).model_stats[0]
                now = found.inference_count, found.execution_count
                if now == before:
                    break
                before = now
                time.sleep(0.1)
            return now

    def num_failed(self, model: str) -> int:
        """Requests that the server answered with an error, rejected ones included."""
        with self.client() as client:
            return int(client.get_inference_statistics(model).model_stats[0].inference_stats.fail.count)

    def regions(self) -> set[str]:
        """Names of the shared memory that clients have told it of."""
        with self.client() as client:
            return set(client.get_system_shared_memory_status().regions)


@pytest.fixture(scope="module")
def triton(triton_venv: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., TritonServer]]:
    """Starts a server on a repository; all are ended with the module."""
    started: list[TritonServer] = []

    def start(repository: Path, *flags: str, tls_ca: Path | None = None) -> TritonServer:
        server = TritonServer(triton_venv, tmp_path_factory.mktemp("triton"), repository, *flags, tls_ca=tls_ca)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.kill()
