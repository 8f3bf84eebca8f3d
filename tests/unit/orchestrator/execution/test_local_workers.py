"""Worker processes in slots: what each is started with, and what it says."""

import sys
from pathlib import Path

import pytest

from orchestrator.execution.local_workers import LocalWorkers

_WORKER = """
import json, os, sys
sys.stderr.buffer.write(b"\\xff no text\\n")
for line in sys.stdin:
    print(json.dumps({"event": "saw", "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"), "line": line.split()}), flush=True)
"""


def test_each_slot_has_a_gpu_of_its_own_and_bytes_that_are_no_text_end_no_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "6,7")
    workers = LocalWorkers([sys.executable, "-c", _WORKER], 2, str(tmp_path))
    try:
        for slot in range(2):
            workers.submit(slot, 10 + slot, 1)
        said: dict[int, dict[str, object]] = {}
        while len(said) < 2:
            said |= {one.slot: one.event for one in workers.wait(20.0)}
    finally:
        workers.drain()
    assert {slot: (event["gpu"], event["line"]) for slot, event in said.items()} == {
        0: ("6", ["10", "1"]),
        1: ("7", ["11", "1"]),
    }
    assert "no text" in (tmp_path / "worker-0.log").read_text()
