"""`python -m services.base.worker.ranks --ranks-per-pod N -- COMMAND...`: the ranks of one pod of a gang, all or none.

Each is COMMAND with RANK, LOCAL_RANK and LOCAL_WORLD_SIZE in its environment, beside WORLD_SIZE, MASTER_ADDR,
MASTER_PORT and VISEMILL_GENERATION, which come from whoever started the pod, as GROUP_RANK does, the pod's own index.
The first that fails ends the others, and its exit code is the pod's; on SIGTERM all are asked to end, and the code is
75.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import IO

from services.base.errors import EXIT_BAD_CONFIG, EXIT_OK, EXIT_TRANSIENT, EXIT_USAGE
from services.base.process.cgroup import num_oom_kills
from services.base.process.ending import SIGNALLED, end_all, shell_code
from services.base.process.threads import PASSIVE_WAIT
from services.base.run.passes import RANK_LOST
from services.base.sandbox.child import die_with_parent
from services.base.sandbox.watchdog import MEMORY_RAN_OUT

MASTER_FD = "VISEMILL_MASTER_FD"
"""Of a socket that listens at MASTER_PORT already, which rank 0 inherits where ports are shared with others."""

_POLL_S = 0.05
_TERMINATE_GRACE_S = 10.0
_LAST_BYTES = 4096
_LAST_LINES = 50
# After its end; what a rank has started itself may hold its output open.
_OUTPUT_LIMIT_S = 2.0


class _Ranks:
    def __init__(self, command: Sequence[str], count: int, environment: Mapping[str, str], log_dir: str) -> None:
        """Raises OSError where the command cannot be started."""
        self._log_dir = log_dir
        self._first = int(environment.get("GROUP_RANK", "0")) * count
        self._processes: list[subprocess.Popen[bytes]] = []
        self._last_lines: list[deque[bytes]] = [deque(maxlen=_LAST_LINES) for _ in range(count)]
        self._readers: list[threading.Thread] = []
        for local in range(count):
            own = PASSIVE_WAIT | dict(environment)
            own |= {"RANK": str(self._first + local), "LOCAL_RANK": str(local), "LOCAL_WORLD_SIZE": str(count)}
            descriptors = [int(own[MASTER_FD])] if MASTER_FD in own and own["RANK"] == "0" else []
            if not descriptors:
                own.pop(MASTER_FD, None)
            with self._output_of(self._first + local) as output:
                process = subprocess.Popen(
                    command,
                    env=own,
                    stdin=subprocess.DEVNULL,
                    stdout=output or subprocess.PIPE,
                    stderr=output or subprocess.STDOUT,
                    pass_fds=descriptors,
                    # The launcher has one thread until all are started.
                    preexec_fn=die_with_parent,  # noqa: PLW1509
                )
            self._processes.append(process)
        for process, lines in zip(self._processes, self._last_lines, strict=True):
            if process.stdout is not None:
                self._readers.append(threading.Thread(target=_pass_on, args=(process.stdout, lines), daemon=True))
                self._readers[-1].start()

    @property
    def are_ended(self) -> bool:
        return all(process.poll() is not None for process in self._processes)

    def failed(self) -> tuple[int, int] | None:
        """(rank, exit code) of one that has ended otherwise than well; a signal is 128 and its number.

        75 comes last, and of those that end with it one that has lost another.
        """
        codes = {self._first + local: process.poll() for local, process in enumerate(self._processes)}
        failed = [(rank, shell_code(code)) for rank, code in codes.items() if code]
        if len(failed) < 2:
            return next(iter(failed), None)
        return min(
            failed, key=lambda one: (one[1] == EXIT_TRANSIENT, self.last_error(one[0]).get("reason") == RANK_LOST)
        )

    def end(self) -> None:
        """Asks all to end, and kills those that do not within the grace."""
        end_all(self._processes, _TERMINATE_GRACE_S, subprocess.Popen.kill)
        for reader in self._readers:
            reader.join(_OUTPUT_LIMIT_S)

    def last_error(self, rank: int) -> dict[str, str]:
        """The error line that an ended rank has left, if any."""
        if self._log_dir:
            with self._log_file(rank).open("rb") as file:
                file.seek(max(0, self._log_file(rank).stat().st_size - _LAST_BYTES))
                lines = file.read().splitlines()
        else:
            self._readers[rank - self._first].join(_OUTPUT_LIMIT_S)
            lines = list(self._last_lines[rank - self._first])
        for line in reversed(lines):
            try:
                fields = json.loads(line)
                return {"reason": str(fields["reason"]), "message": str(fields["message"])}
            except (ValueError, KeyError, TypeError):
                continue
        return {}

    def _output_of(self, rank: int) -> AbstractContextManager[IO[bytes] | None]:
        """A log of the rank's own where there is a folder for it, else a pipe to this process's standard error."""
        return self._log_file(rank).open("ab") if self._log_dir else nullcontext()

    def _log_file(self, rank: int) -> Path:
        return Path(self._log_dir) / f"rank-{rank}.log"


def _pass_on(output: IO[bytes], last_lines: deque[bytes]) -> None:
    """What a rank writes, to standard error, line by line; the last lines are kept."""
    while line := output.readline(_LAST_BYTES):
        last_lines.append(line)
        # A rank whose output nobody reads would stand still.
        with suppress(OSError):
            sys.stderr.buffer.write(line)
            sys.stderr.buffer.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the ranks of this pod; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.base.worker.ranks", description=__doc__)
    parser.add_argument("--ranks-per-pod", type=int, required=True, help="processes to start")
    parser.add_argument("--parent", type=int, default=0, metavar="PID", help="end with this process, which started it")
    parser.add_argument("--log-dir", default="", help="a log for each rank there; default: standard error")
    parser.add_argument("--termination-log", default="", metavar="FILE", help="where to say why, when one fails")
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="of a rank, after --")
    flags = parser.parse_args(argv)
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    if flags.parent:
        die_with_parent()
        if os.getppid() != flags.parent:
            return EXIT_TRANSIENT
    num_kills = num_oom_kills()
    try:
        ranks = _Ranks(flags.command, flags.ranks_per_pod, os.environ, flags.log_dir)
    except OSError as error:
        sys.stderr.write(f"a rank cannot be started: {error}\n")
        return EXIT_BAD_CONFIG
    while not (asked or ranks.are_ended or ranks.failed()):
        time.sleep(_POLL_S)
    failed = ranks.failed()
    ranks.end()
    if failed is None:
        return EXIT_TRANSIENT if ranks.failed() else EXIT_OK
    if asked and failed[1] == SIGNALLED + signal.SIGTERM:
        return EXIT_TRANSIENT
    told = ranks.last_error(failed[0])
    if failed[1] == SIGNALLED + signal.SIGKILL and num_oom_kills() > num_kills:
        # This process lives on, so that Kubernetes does not say it of the pod.
        told = {"reason": MEMORY_RAN_OUT, "message": "the memory of its pod ran out"}
    _tell(flags.termination_log, *failed, told)
    return failed[1]


def _tell(path: str, rank: int, code: int, error: Mapping[str, str]) -> None:
    """As a worker does."""
    text = f"rank {rank} ended with {code}" + (f": {error['message']}" if error else "")
    kind = "BAD_CONFIG" if code in (EXIT_BAD_CONFIG, EXIT_USAGE) else "TRANSIENT" if code == EXIT_TRANSIENT else "BUG"
    fields = {"kind": kind, "reason": error.get("reason", "RANK_FAILED"), "message": text[:500]}
    sys.stderr.write(json.dumps(fields) + "\n")
    if path:
        Path(path).write_text(json.dumps(fields), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
