"""A run that is killed outright leaves its output free for the next, on a disk and on S3."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.runs.claim.lease import Lease
from services.base.errors import BadConfig

HOLDER = """
import sys, time
from orchestrator.runs.claim.lease import Lease
with Lease(sys.argv[1], "held"):
    sys.stdout.write("held\\n")
    sys.stdout.flush()
    time.sleep(600)
"""
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["local", "s3"])
def uri(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "local":
        return str(tmp_path / "out")
    server: Any = request.getfixturevalue("s3_server")
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return f"s3://{server.new_bucket()}/out"


@pytest.fixture
def holder(uri: str) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", HOLDER, uri]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=dict(os.environ)) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def is_at_work(pid: int) -> bool:
    """Whether any of its threads is: the first one may be a zombie while another still holds what is open."""
    threads = list(Path(f"/proc/{pid}/task").iterdir())
    return len(threads) > 1 or (threads[0] / "stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_the_output_of_a_killed_run_is_free_at_once(uri: str, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(BadConfig, match=f"OUTPUT_IN_USE.*run 'held'.*process {holder.pid} "), Lease(uri, "second"):
        pass
    holder.send_signal(signal.SIGKILL)
    # Not waited for: a zombie still has its process id, and must not count as alive.
    deadline_s = time.monotonic() + 10
    while is_at_work(holder.pid):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    with Lease(uri, "second") as lease:
        lease.check()
