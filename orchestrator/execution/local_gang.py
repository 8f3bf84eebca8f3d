"""I/O: the ranks of a gang pass as processes on this machine, in process groups that stand for the pods of its Job."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from orchestrator.execution.log_lines import LogLines
from orchestrator.runs.actions import Fail, Finish
from orchestrator.runs.gang.decision import Action, End, GangState, Generation, Phase, Start
from orchestrator.runs.worker_argv import pod_argv
from services.base.errors import EXIT_OK
from services.base.process.ending import end_all, shell_code
from services.base.run.passes import RANK_LOST, GangPass
from services.base.store.interface import Store
from services.base.worker.pass_log import PassLog
from services.base.worker.ranks import MASTER_FD

_POLL_S = 0.1
# In an object store the log is a request.
_LOOK_EVERY_S = 2.0
# More than a pod takes to end its ranks.
_TERMINATE_GRACE_S = 15.0
_LOOPBACK = "127.0.0.1"
_MOST_KEPT = 32


class LocalGang:
    """A backend of `drive`. Use from one thread, and close it."""

    def __init__(
        self,
        gang: GangPass,
        run: str,
        state: Store,
        command: Sequence[str],
        log_dir: str,
        is_interrupted: Callable[[], bool],
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """command: the argv of a rank. log_dir: where each rank's log goes. say: is told what the first one logs."""
        self._gang = gang
        self._command = list(command)
        self._log = PassLog(state, run, gang.name)
        self._log_dir = Path(log_dir) / gang.name
        self._is_interrupted, self._say = is_interrupted, say
        self._first_rank = LogLines(self._log_dir / "rank-0.log")
        self._generations: list[_ProcessGroups] = []
        self._since = 0
        self._done_s: float | None = None
        self._log_dir.mkdir(parents=True, exist_ok=True)

    def observe(self) -> GangState:
        """Raises BadConfig, Transient."""
        seen = tuple(one.seen() for one in self._generations)
        log = self._log.read()
        if log.is_done and self._done_s is None:
            self._done_s = time.monotonic()
        done_for_s = time.monotonic() - self._done_s if self._done_s is not None else 0.0
        return GangState(log, seen, self._since, done_for_s, interrupted=self._is_interrupted(), unit="process")

    def apply(self, action: Action) -> None:
        """Never two generations at once: they would share the machine."""
        if isinstance(action, Start | End | Finish | Fail):
            self.close()
        if isinstance(action, Start):
            self._since = self._since or action.generation
            started = _ProcessGroups(action.generation, self._gang, self._command, self._log_dir)
            self._generations = [*self._generations[1 - _MOST_KEPT :], started]

    def wait(self, at_most_s: float | None) -> None:
        """Until a process group has ended, or somebody interrupts."""
        until_s = time.monotonic() + min(_LOOK_EVERY_S, _LOOK_EVERY_S if at_most_s is None else at_most_s)
        before = self._num_ended()
        while time.monotonic() < until_s and self._num_ended() == before and not self._is_interrupted():
            time.sleep(_POLL_S)
        self._tell()

    def close(self) -> None:
        """Ends what lives."""
        for one in self._generations:
            one.end()
        self._tell()

    def _tell(self) -> None:
        for line in self._first_rank.new():
            self._say(line)

    def _num_ended(self) -> int:
        return len(self._generations[-1].exit_codes()) if self._generations else 0


class _ProcessGroups:
    """One generation: a process group for each pod."""

    def __init__(self, number: int, gang: GangPass, command: Sequence[str], log_dir: Path) -> None:
        self.number = number
        self._ended_s: float | None = None
        self._messages = [log_dir / f"pod-{pod}.json" for pod in range(gang.num_pods)]
        self._processes: list[subprocess.Popen[bytes]] = []
        # Nobody else can get the port: rank 0 inherits the socket that holds it.
        with socket.create_server((_LOOPBACK, 0), backlog=gang.num_ranks) as server:
            for pod, message in enumerate(self._messages):
                message.unlink(missing_ok=True)
                where = ["--parent", str(os.getpid()), "--log-dir", str(log_dir), "--termination-log", str(message)]
                shared = [server.fileno()] if pod == 0 else []
                environment = {**os.environ, **rank_environment(gang, number, pod, server.getsockname()[1])}
                if shared:
                    environment[MASTER_FD] = str(server.fileno())
                with (log_dir / f"pod-{pod}.log").open("ab") as log:
                    process = subprocess.Popen(
                        pod_argv(gang, command, where),
                        env=environment,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        pass_fds=shared,
                        start_new_session=True,
                    )
                self._processes.append(process)

    def seen(self) -> Generation:
        codes = self.exit_codes()
        if codes and self._ended_s is None:
            self._ended_s = time.monotonic()
        ended_s_ago = time.monotonic() - self._ended_s if self._ended_s is not None else 0.0
        phase: Phase = "ended" if len(codes) == len(self._processes) else "running"
        seen = Generation(self.number, phase, codes, ended_s_ago=ended_s_ago)
        failed = [pod for pod, code in codes.items() if code == seen.failure != EXIT_OK]
        # Of the one that fell, not of one that has lost it.
        details = sorted(map(self._detail, failed), key=lambda text: text.startswith(f"{RANK_LOST}:"))
        return replace(seen, detail=details[0]) if details else seen

    def exit_codes(self) -> dict[int, int]:
        """Of the pods that have ended."""
        codes = {pod: process.poll() for pod, process in enumerate(self._processes)}
        return {pod: shell_code(code) for pod, code in codes.items() if code is not None}

    def end(self) -> None:
        """Asks all to end (SIGTERM), and kills those that do not within the grace, with all that they started."""
        # What a rank has started itself, too.
        end_all(self._processes, _TERMINATE_GRACE_S, lambda process: os.killpg(process.pid, signal.SIGKILL))

    def _detail(self, pod: int) -> str:
        try:
            fields = json.loads(self._messages[pod].read_text(encoding="utf-8"))
            return f"{fields['reason']}: {fields['message']}"
        except (OSError, ValueError, KeyError, TypeError):
            return ""


def rank_environment(gang: GangPass, generation: int, pod: int, port: int) -> Mapping[str, str]:
    """What the ranks of a pod find the others by; as in the pods of a gang Job."""
    return {
        "GROUP_RANK": str(pod),
        "WORLD_SIZE": str(gang.num_ranks),
        "MASTER_ADDR": _LOOPBACK,
        "MASTER_PORT": str(port),
        "VISEMILL_GENERATION": str(generation),
    }
