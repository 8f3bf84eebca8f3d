"""Worker processes on this machine: `work` subprocesses that are fed one shard a line and answer with events."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.execution.gpu_of_slot import environment_of, visible_gpus
from services.base.worker.work import event_of

_LAST_LINES = 40


_TERMINATE_GRACE_S = 10.0


@dataclass(frozen=True)
class WorkerEvent:
    """What a slot said: an event of the worker, or {"event": "exit"} with its exit code and last lines."""

    slot: int
    pid: int
    event: dict[str, Any]


@dataclass
class _Worker:
    process: subprocess.Popen[str]
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))


class LocalWorkers:
    """A fixed number of slots, each with at most one worker process, which has a GPU for itself where there are as
    many. Use from one thread.
    """

    def __init__(self, argv: Sequence[str], num_slots: int, log_dir: str) -> None:
        """argv: the `work` argv without --shards. log_dir: where each slot's log goes."""
        self._argv = [*argv, "--shards", "-", "--parent", str(os.getpid())]
        self._workers: dict[int, _Worker] = {}
        self._events: queue.Queue[WorkerEvent] = queue.Queue()
        self._gpus = visible_gpus(os.environ)
        self._log_dir = log_dir
        self.num_slots = num_slots
        os.makedirs(log_dir, exist_ok=True)  # noqa: PTH103 - a plain folder of text, wherever the state root is

    def submit(self, slot: int, shard: int, attempt: int) -> None:
        """Gives a shard to a slot, starting its worker when there is none."""
        worker = self._workers.get(slot)
        if worker is None or worker.process.poll() is not None:
            worker = self._start(slot)
        assert worker.process.stdin is not None
        # Where the pipe is broken the worker has died since, and its exit gives the shard back.
        with contextlib.suppress(BrokenPipeError):
            worker.process.stdin.write(f"{shard} {attempt}\n")
            worker.process.stdin.flush()

    def wait(self, timeout_s: float) -> list[WorkerEvent]:
        """Events since the last call, of workers that still have their slot; waits at most timeout_s for the first."""
        events: list[WorkerEvent] = []
        with contextlib.suppress(queue.Empty):
            events.append(self._events.get(timeout=max(0.0, timeout_s)))
            while True:
                events.append(self._events.get_nowait())
        return [event for event in events if self._workers[event.slot].process.pid == event.pid]

    def stop(self) -> None:
        """Asks every worker to end (SIGTERM), and kills those that do not within the grace."""
        for worker in self._workers.values():
            # One that waits for its next shard reads on after a signal, until there is nothing more to read.
            self._close(worker)
            if worker.process.poll() is None:
                worker.process.terminate()
        for worker in self._workers.values():
            try:
                worker.process.wait(timeout=_TERMINATE_GRACE_S)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()

    def drain(self) -> None:
        """Tells workers that no more shards come, and waits for them to end."""
        for worker in self._workers.values():
            self._close(worker)
        for worker in self._workers.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(timeout=_TERMINATE_GRACE_S)
        self.stop()

    def _close(self, worker: _Worker) -> None:
        assert worker.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            worker.process.stdin.close()

    def _start(self, slot: int) -> _Worker:
        process = subprocess.Popen(
            self._argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=environment_of(slot, os.environ, self._gpus),
            start_new_session=True,
        )
        worker = _Worker(process)
        self._workers[slot] = worker
        stderr = threading.Thread(target=self._read_log, args=(slot, worker), daemon=True)
        stderr.start()
        threading.Thread(target=self._read_events, args=(slot, worker, stderr), daemon=True).start()
        return worker

    def _read_events(self, slot: int, worker: _Worker, stderr: threading.Thread) -> None:
        assert worker.process.stdout is not None
        for line in worker.process.stdout:
            event = event_of(line)
            if event is not None:
                self._events.put(WorkerEvent(slot, worker.process.pid, event))
        code = worker.process.wait()
        stderr.join(timeout=5)
        self._events.put(
            WorkerEvent(slot, worker.process.pid, {"event": "exit", "code": code, **_last_error(worker.lines)})
        )

    def _read_log(self, slot: int, worker: _Worker) -> None:
        assert worker.process.stderr is not None
        with open(os.path.join(self._log_dir, f"worker-{slot}.log"), "a", encoding="utf-8") as file:  # noqa: PTH118, PTH123
            for line in worker.process.stderr:
                worker.lines.append(line.rstrip())
                with contextlib.suppress(OSError):
                    file.write(line)
                    file.flush()


def _last_error(lines: deque[str]) -> dict[str, Any]:
    """The error line that a worker ends with, else its last lines."""
    for line in reversed(lines):
        with contextlib.suppress(ValueError):
            fields = json.loads(line)
            if isinstance(fields, dict) and "reason" in fields and "kind" in fields:
                return {"reason": fields["reason"], "message": fields["message"], "detail": fields.get("detail", "")}
    return {"reason": "", "message": "", "detail": "\n".join(list(lines)[-5:])}
