"""`visemill serve` as a process, for tests of its services."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import grpc
from visemill.v1 import runs_pb2_grpc

ROOT = Path(__file__).resolve().parents[2]


class Served:
    """`visemill serve`, started and listening. target: what clients connect to."""

    def __init__(self, registry: Path, roots: list[Path], *flags: str) -> None:
        self._stderr = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        words = ["serve", f"--registry={registry}", *(f"--allow-root={root}" for root in roots), *flags]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "orchestrator.cli.main", *words],
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            cwd=ROOT,
        )
        assert self.process.stdout is not None
        self.target = self.process.stdout.readline().removeprefix("listening on ").strip()
        assert self.target, self.said()

    def stub(self) -> Any:
        return runs_pb2_grpc.RunServiceStub(grpc.insecure_channel(self.target))

    def said(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read()

    def stop(self) -> int:
        """Asks it to stop; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=90)
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)
