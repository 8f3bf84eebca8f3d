"""The processes and the log of a gang pass that a command line carries out, for tests that kill them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

LIMIT_S = 180


class Pass:
    """A gang pass of the run of an output."""

    def __init__(self, output: Path, name: str) -> None:
        self._output, self._name = output, name

    @property
    def log(self) -> list[tuple[str, int, int]]:
        files = sorted(self._output.glob(f".visemill/runs/*/passes/{self._name}/log/*.json"))
        entries = [json.loads(file.read_bytes()) for file in files]
        return [(entry["kind"], entry["generation"], entry["step"]) for entry in entries]

    def wait_for(self, entry: tuple[str, int, int]) -> None:
        wait_until(lambda: entry in self.log, str(entry))


def wait_until(happened: Callable[[], object], what: str) -> None:
    until_s = time.monotonic() + LIMIT_S
    while not happened():
        assert time.monotonic() < until_s, f"{what} has not come"
        time.sleep(0.05)


def ranks(output: Path) -> dict[int, int]:
    """Rank -> pid of the processes whose command line names the output."""
    found = {}
    for path in Path("/proc").iterdir():
        try:
            words = (path / "cmdline").read_bytes().split(b"\0") if path.name.isdigit() else []
            if b"rank" in words and b"--ranks-per-pod" not in words and any(str(output).encode() in w for w in words):
                variables = dict(v.split(b"=", 1) for v in (path / "environ").read_bytes().split(b"\0") if b"=" in v)
                found[int(variables[b"RANK"])] = int(path.name)
        except OSError:
            continue
    return found
