"""Real servers of stages on loopback: the `serve` entry point, in a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


class ServedStage:
    """`python -m services STAGE serve …`, started and listening. target: what clients connect to."""

    def __init__(self, stage: str, *flags: str, environment: dict[str, str] | None = None) -> None:
        # A file, not a pipe: nobody reads along.
        self._stderr = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services", stage, "serve", *flags],
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()
        self.target = self.first_line.removeprefix("listening on ").strip()

    def children(self) -> list[int]:
        """Process ids of the children that hold the stages."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return [int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()]

    def said(self) -> str:
        """What it has said on standard error so far."""
        self._stderr.seek(0)
        return self._stderr.read()

    def lines(self) -> list[dict[str, Any]]:
        """Its log so far."""
        return [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]

    def stop(self) -> int:
        """Asks it to stop; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)


@pytest.fixture
def serve_stage() -> Iterator[Callable[..., ServedStage]]:
    """Starts servers, and stops those that are still there after the test."""
    started: list[ServedStage] = []

    def start(stage: str, *flags: str, environment: dict[str, str] | None = None) -> ServedStage:
        started.append(ServedStage(stage, *flags, environment=environment))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture(scope="module")
def decode_server() -> Iterator[ServedStage]:
    """A decode server shared by a module's tests: two children, small spool."""
    server = ServedStage("decode", "--num-children", "2", "--spool-mib", "1", "--max-clip-mib", "8")
    yield server
    server.kill()


@pytest.fixture(scope="module")
def landmarks_server() -> Iterator[ServedStage]:
    """A landmarks server with one child, shared by a module's tests; callers say the backend."""
    server = ServedStage("landmarks", "--num-children", "1")
    yield server
    server.kill()


@pytest.fixture(scope="module")
def audio_server() -> Iterator[ServedStage]:
    """An audio server shared by a module's tests: two children, another rate than callers have by default."""
    server = ServedStage("audio", "--num-children", "2", "--max-clip-mib", "8", "--sample-rate-hz", "8000")
    yield server
    server.kill()


@pytest.fixture(scope="session")
def serve_features() -> Callable[..., ServedStage]:
    """Starts a features server, or one of another stage; whoever starts one ends it."""
    return lambda *flags, stage="features": ServedStage(stage, *flags)


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
